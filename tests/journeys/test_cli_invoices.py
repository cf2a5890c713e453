"""A bookkeeper issues, looks up, reverses and proves invoices on the command line."""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from kaipiao.client.client import Client
from kaipiao.delivery.sheets.template import write_template
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.sample import SELLERS, company, sample_drafts
from kaipiao.ledger.embedded.remove import remove_database
from tests.journeys.cells import KAIPIAO, Cell, environment, running

DRAFTS = list(islice(sample_drafts(3), 60))
PLENTY_FEN = 10**13


def ndjson(drafts: list[Draft]) -> bytes:
    return b"".join(msgspec.json.encode(draft) + b"\n" for draft in drafts)


@pytest.fixture(scope="module")
def cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    with tempfile.TemporaryDirectory(prefix="kaipiao-test-") as name:
        with running(Path(name)) as started, Client(started.url, started.key) as client:
            for seller in (*SELLERS, company(1, "信息技术")):
                client.grant_credit(seller.taxpayer_id, PLENTY_FEN)
            yield started
        remove_database(Path(name))


def results_of(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_is_issued_and_running_it_again_issues_nothing_twice(
    cell: Cell, tmp_path: Path
) -> None:
    file = tmp_path / "sales.ndjson"
    file.write_bytes(ndjson(DRAFTS))

    first, before = cell.run("issue", file), results_of(tmp_path / "sales.ndjson.results.ndjson")
    again, after = cell.run("issue", file), results_of(tmp_path / "sales.ndjson.results.ndjson")

    assert (first.returncode, again.returncode) == (0, 0)
    assert f"{len(DRAFTS)} issued, 0 issued before" in first.stdout
    assert f"0 issued, {len(DRAFTS)} issued before" in again.stdout
    assert [r["number"] for r in before] == [r["number"] for r in after]
    assert len({r["number"] for r in before}) == len(DRAFTS)


def test_a_file_killed_half_way_and_run_again_gives_each_key_one_number(
    cell: Cell, tmp_path: Path
) -> None:
    drafts = list(islice(sample_drafts(4), 3_000))
    file, results = tmp_path / "big.ndjson", tmp_path / "big.ndjson.results.ndjson"
    lines = [
        msgspec.json.encode({"key": f"big-{n}", "draft": draft}) for n, draft in enumerate(drafts)
    ]
    file.write_bytes(b"\n".join(lines))
    command = [str(KAIPIAO), "issue", str(file)]
    killed = subprocess.Popen(
        command, env=environment(**cell.environment), stdout=subprocess.DEVNULL
    )
    while not (results.exists() and results.read_bytes().count(b"\n") > 400):
        assert killed.poll() is None, "it was over before we could kill it"
        time.sleep(0.001)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    partial = [json.loads(line) for line in results.read_text().split("\n")[:-1]]

    again = cell.run("issue", file)

    whole = {r["key"]: r["number"] for r in results_of(results)}
    assert again.returncode == 0
    assert 0 < len(partial) < len(drafts)
    assert len(whole) == len(set(whole.values())) == len(drafts)
    assert all(whole[r["key"]] == r["number"] for r in partial)


def test_a_refused_line_spoils_no_other_and_is_told(cell: Cell, tmp_path: Path) -> None:
    good, unlawful = DRAFTS[0], msgspec.structs.replace(DRAFTS[1], issuer="")
    poor = msgspec.structs.replace(DRAFTS[2], seller=company(77, "无额度"))
    lines = [
        msgspec.json.encode({"key": "good-1", "draft": good}),
        msgspec.json.encode({"key": "bad-1", "draft": unlawful}),
        b'{"key": "bad-2", "draft": {"kind": 1}}',
        b"no json at all",
        msgspec.json.encode({"key": "bad-3", "draft": poor}),
        msgspec.json.encode({"key": "good-2", "draft": good}),
    ]
    file = tmp_path / "mixed.ndjson"
    file.write_bytes(b"\n".join(lines))

    done = cell.run("issue", file)

    results = results_of(tmp_path / "mixed.ndjson.results.ndjson")
    assert done.returncode == 1
    assert [r["line"] for r in results] == [1, 2, 3, 4, 5, 6]
    assert [r["outcome"] for r in results] == [
        "issued", "refused", "refused", "refused", "refused", "issued",
    ]  # fmt: skip
    assert [r.get("code", "") for r in results] == [
        "", "rules-broken", "malformed", "malformed", "credit-line-missing", "",
    ]  # fmt: skip
    assert "kaipiao credit grant" in done.stderr


@pytest.mark.parametrize("results", ["out.csv", "out.xlsx", "out.ndjson"])
def test_a_sheet_is_issued_and_its_results_are_what_was_asked_for(
    cell: Cell, tmp_path: Path, results: str
) -> None:
    write_template(tmp_path / "sheet.xlsx")

    checked = cell.run("check", tmp_path / "sheet.xlsx")
    done = cell.run("issue", tmp_path / "sheet.xlsx", "--results", tmp_path / results)

    assert (checked.returncode, done.returncode) == (0, 0), done.stderr
    content = (tmp_path / results).read_bytes()
    assert content.startswith(b"PK") if results.endswith("xlsx") else b"26311" in content


def test_the_life_of_an_invoice_on_the_command_line(cell: Cell, tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(DRAFTS[5]), indent=2))
    piped = cell.run("issue", "-", "--json", stdin=file.open())
    number = json.loads(piped.stdout)["number"]
    key = json.loads(piped.stdout)["key"]
    seller = DRAFTS[5].seller.taxpayer_id

    shown = cell.run("show", number, "--json")
    by_key = cell.run("show", "--seller", seller, "--key", key, "--json")
    nothing = cell.run("show", "--seller", seller, "--key", "never")
    assert json.loads(shown.stdout)["number"] == json.loads(by_key.stdout)["number"] == number
    assert nothing.returncode == 1

    half = (json.loads(shown.stdout)["lines"][0]["net_fen"]) // 2
    part = cell.run(
        "reverse", number, "--reason", "04", "--line", f"0:{half // 100}.{half % 100:02}", "--json"
    )
    rest = cell.run("reverse", number, "--reason", "02", "--json")
    more = cell.run("reverse", number, "--reason", "02", "--key", "once-more")
    assert (part.returncode, rest.returncode, more.returncode) == (0, 0, 1)
    assert "already-reversed" in more.stderr
    assert "reversed wholly" in cell.run("show", number).stdout

    (tmp_path / "log.vkey").write_text(cell.run("log", "key").stdout)
    (tmp_path / "invoice.json").write_text(shown.stdout)
    receipt = tmp_path / "my.receipt"
    assert cell.run("receipt", number, "-o", receipt).returncode == 0
    offline = environment(KAIPIAO_DATA=str(tmp_path / "no-cell-here"))
    trusted = [str(KAIPIAO), "verify", str(receipt), "--log-key", str(tmp_path / "log.vkey")]
    genuine = subprocess.run([*trusted, "--invoice", tmp_path / "invoice.json"], env=offline)
    tampered = receipt.read_text().replace("index ", "index 1", 1)
    receipt.write_text(tampered)
    forged = subprocess.run([*trusted, "--json"], env=offline, capture_output=True, text=True)
    assert (genuine.returncode, forged.returncode) == (0, 1)
    assert json.loads(forged.stdout)["genuine"] is False


def test_what_the_buyer_used_needs_both_sides(cell: Cell, tmp_path: Path) -> None:
    draft = next(d for d in DRAFTS if d.kind == "special")
    with Client(cell.url, cell.key) as client:
        number = client.issue(draft, key="used-1").number
    assert cell.run("confirm", "use", number, "deducted").returncode == 0

    refused = cell.run("reverse", number, "--reason", "02")
    opened = cell.run("confirm", "open", number, "--reason", "02", "--by", "seller", "--json")
    form = json.loads(opened.stdout)["form_id"]
    agreed = cell.run("confirm", "confirm", form, "--json")
    done = cell.run("reverse", number, "--reason", "02", "--confirmation", form)

    assert (refused.returncode, done.returncode) == (1, 0), done.stderr
    assert json.loads(agreed.stdout)["state"] == "04"
    listed = cell.run("confirm", "list", draft.seller.taxpayer_id, "--json")
    assert form in listed.stdout
    assert "red letter" in cell.run("confirm", "show", form).stdout


def test_a_key_is_made_used_and_revoked_and_never_shown(cell: Cell, tmp_path: Path) -> None:
    file = tmp_path / "till.key"
    made = cell.run(
        "key", "create", "--name", "till", "--may", "read", "--taxpayer", "*", "-o", file
    )
    secret = file.read_text().strip()
    key_id = secret.split("_")[1]
    assert made.returncode == 0
    assert secret not in made.stdout + made.stderr
    assert oct(file.stat().st_mode & 0o777) == "0o600"

    seller = SELLERS[0].taxpayer_id
    allowed = cell.run("list", seller, "--key-file", file)
    forbidden = cell.run("credit", "grant", seller, "1.00", "--key-file", file)
    assert (allowed.returncode, forbidden.returncode) == (0, 1)
    assert key_id in cell.run("key", "list").stdout
    assert cell.run("key", "revoke", key_id).returncode == 0
    assert secret not in cell.run("key", "list", "--json").stdout


def test_a_cell_verifies_by_what_is_printed(cell: Cell) -> None:
    with Client(cell.url, cell.key) as client:
        number = client.issue(DRAFTS[9], key="printed-1").number
        invoice = client.invoice(number)
    total = invoice.totals.gross_fen
    day = json.loads(cell.run("show", number, "--json").stdout)["qr"].split(",")[5]
    asked = [
        *("verify", "--number", number, "--date", f"{day[:4]}-{day[4:6]}-{day[6:]}"),
        *("--kind", DRAFTS[9].kind, "--json", "--amount"),
    ]
    right = cell.run(*asked, f"{total // 100}.{total % 100:02}")
    wrong = cell.run(*asked, f"{total // 100 + 1}.00")

    assert (right.returncode, wrong.returncode) == (0, 1)
    assert json.loads(right.stdout)["answer"] == "valid"


def test_nobody_there_is_an_outage_and_says_what_to_type(cell: Cell, tmp_path: Path) -> None:
    gone = cell.run("credit", "show", SELLERS[0].taxpayer_id, "--url", "http://127.0.0.1:9")

    assert gone.returncode == 3
    assert "kaipiao doctor" in gone.stderr


def test_the_doctor_finds_a_healthy_cell(cell: Cell) -> None:
    found = cell.run("doctor", "--data", cell.folder, "--port", "0", "--json")
    levels = {line["what"]: line["level"] for line in map(json.loads, found.stdout.splitlines())}

    assert levels["cell"] == "ok"
    assert levels["postgresql"] == "ok"


def test_the_snippets_of_the_how_to_for_python_run(cell: Cell, tmp_path: Path) -> None:
    """One after the other, as a reader would type them."""
    page = Path(__file__).parents[2] / "docs/how-to/use-the-python-client.md"
    snippets = re.findall(
        r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    known = {
        "url": cell.url,
        "url_of_another_member": cell.url,
        "api_key": cell.key,
        "draft": DRAFTS[0],
        "folder": tmp_path,
        "log_key": (cell.folder / "secrets/log.vkey").read_text().strip(),
    }

    for snippet in snippets:
        exec(compile(snippet, str(page), "exec"), known)

    assert len(snippets) == 6
