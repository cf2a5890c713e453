"""Every ban says why, and bites; only the clock may read the clock."""

import json
import subprocess
import sys
import tomllib

from tests.docs.files import ROOT

CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
BANS = CONFIG["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
RUFF = ["-m", "ruff", "check", "--output-format", "json", "--stdin-filename"]


def banned_in(text: str, *, path: str) -> set[str]:
    """The names that the lint refuses in ``text``, were it the file at ``path``."""
    command = [sys.executable, *RUFF, path, "-"]
    done = subprocess.run(
        command, cwd=ROOT, input=text, capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout)
    return {fault["message"].split("`")[1] for fault in found if fault["code"] == "TID251"}


def uses(name: str) -> str:
    return f"import {name.split('.')[0]}\nprint({name})\n"


def test_every_ban_has_a_reason() -> None:
    for name, ban in BANS.items():
        assert len(ban["msg"].split()) >= 5, name
        assert ban["msg"].endswith("."), name


def test_every_ban_bites() -> None:
    text = "".join(uses(name) for name in BANS)

    assert banned_in(text, path="src/kaipiao/issuing/planted.py") == set(BANS)


def test_only_the_clock_reads_the_clock() -> None:
    text = uses("datetime.datetime.now")

    assert banned_in(text, path="src/kaipiao/app/clock.py") == set()
    assert banned_in(text, path="src/kaipiao/app/work.py") == {"datetime.datetime.now"}


def test_every_rule_of_the_lint_that_is_switched_off_has_a_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    block = text.split("\nignore = [\n", 1)[1].split("\n]", 1)[0]

    assert [line for line in block.splitlines() if "# " not in line] == []
