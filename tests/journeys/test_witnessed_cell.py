"""A cell with witnesses and a time-stamping authority, and what they do for it after a restore."""

import shutil
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

from kaipiao.base.canonical import canonical
from kaipiao.evidence.grade import Grade, grade_note
from kaipiao.evidence.note import parse_note, parse_vkey
from kaipiao.evidence.policy import parse_policy
from kaipiao.evidence.timestamp import parse_authority
from tests.authority import authority_up
from tests.journeys.cells import Cell, kaipiao, running, wait_until
from tests.journeys.open_services import OpenService
from tests.strategies import SELLER, make_draft
from tests.unit.evidence.witnessed import make_cosigner

NOBODY = "http://127.0.0.1:9"


def issue(http: httpx.Client, n: int) -> str:
    limit = {"limit_fen": 10**12}
    http.put(f"/v1/credit-lines/{SELLER.taxpayer_id}", json=limit).raise_for_status()
    answer = http.post(
        "/v1/invoices",
        content=canonical(make_draft(n)),
        headers={"Idempotency-Key": f"sale-{n}", "Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


def grade_of(http: httpx.Client, number: str) -> str:
    answer = http.get(f"/v1/invoices/{number}/receipt")
    return answer.headers["evidence-grade"] if answer.status_code == 200 else "E0"


def policy_of(witnesses: dict[str, OpenService]) -> str:
    """Two of three; the third is never there."""
    lines = [f"witness {name} {one.told['vkey']} {one.url}" for name, one in witnesses.items()]
    lines += [f"witness gone {make_cosigner('gone').key} {NOBODY}"]
    lines += ["group enough 2 bureau auditor gone", "quorum enough"]
    return "".join(f"{line}\n" for line in lines)


def watch(cell: Cell, witnesses: dict[str, OpenService]) -> None:
    """Both logs of the cell: of the invoices, and of who did what."""
    for log in ("log", "audit-log"):
        vkey = httpx.get(f"{cell.url}/{log}/log.vkey").text.strip()
        for one in witnesses.values():
            assert kaipiao("witness", "add-log", vkey, "--data", one.folder).returncode == 0


def test_receipts_rise_to_e3_and_a_restored_cell_does_not_sign(scratch: Path) -> None:
    with ExitStack() as stack:
        authority = stack.enter_context(authority_up(scratch))
        witnesses = {
            name: stack.enter_context(
                OpenService(scratch / name, "witness", "up", "--name", f"{name}.example/w")
            )
            for name in ("bureau", "auditor")
        }
        policy = scratch / "policy"
        policy.write_text(policy_of(witnesses))
        options = [
            "--workers", "1", "--deliverers", "0",
            "--witness-policy", str(policy), "--witness-every-s", "1",
            "--tsa-url", authority.url, "--tsa-certificate", str(authority.root),
        ]  # fmt: skip
        folder, saved = scratch / "cell", scratch / "saved"
        with running(folder, *options) as cell, cell.http() as http:
            number = issue(http, 1)
            wait_until(lambda: grade_of(http, number) == "E1", 60, "a restart waits for nobody")
            assert cell.run("log", "witnesses").returncode == 1, "nothing is witnessed yet"
            watch(cell, witnesses)
            wait_until(lambda: grade_of(http, number) == "E3", 60, cell.said())
            check_for_people(cell, number)
            check_for_machines(cell, policy, authority.root)
        subprocess.run(["cp", "-a", folder, saved], check=True)

        with running(folder, *options) as cell, cell.http() as http:
            late = issue(http, 2)
            wait_until(lambda: grade_of(http, late) >= "E2", 60, cell.said())
        shutil.rmtree(folder)
        saved.rename(folder)

        with running(folder, *options) as cell, cell.http() as http:
            again = issue(http, 3)
            wait_until(lambda: trouble_of(http) != "", 60, "it never asked")
            assert "nothing is signed" in trouble_of(http)
            time.sleep(1)
            assert grade_of(http, again) == "E0", "issued, and not signed"
            assert grade_of(http, number) == "E3", "what was proved stays proved"
            told = cell.run("log", "witnesses")
            assert told.returncode == 1
            assert "another tree" in told.stdout or "restored to an older state" in told.stdout


def trouble_of(http: httpx.Client) -> str:
    witnessed = http.get("/v1/status").json()["witnessed"]
    return str(witnessed["trouble"]["en"]) if witnessed and witnessed["trouble"] else ""


def check_for_people(cell: Cell, number: str) -> None:
    said = cell.run("receipt", number, "-o", cell.folder / "receipt")
    assert "Grade E3: cosigned by witnesses and time-stamped" in said.stdout, said.stderr
    told = cell.run("log", "witnesses")
    assert told.returncode == 0, told.stdout
    assert "cosigned" in told.stdout
    assert "silent" in told.stdout, "the one that is never there"


def is_there(url: str) -> bool:
    return httpx.get(url).status_code == 200


def check_for_machines(cell: Cell, policy: Path, root: Path) -> None:
    """What is served is graded by whoever trusts these, without our word for it."""
    believed, clock = parse_policy(policy.read_bytes()), parse_authority(root.read_bytes())
    for log, name, grade in (
        ("log", "checkpoint", Grade.E1),
        ("log", "checkpoint.witnessed", Grade.E2),
        ("log", "checkpoint.timestamped", Grade.E3),
        ("audit-log", "checkpoint.witnessed", Grade.E2),
    ):
        key = parse_vkey(httpx.get(f"{cell.url}/{log}/log.vkey").text)
        wait_until(lambda: is_there(f"{cell.url}/{log}/{name}"), 30, f"{log}/{name}")  # noqa: B023
        note = parse_note(httpx.get(f"{cell.url}/{log}/{name}").text)
        assert grade_note(note, key, believed, clock).grade is grade
    witnessed = httpx.get(f"{cell.url}/v1/status").json()["witnessed"]
    moods = {one["name"]: one["mood"] for one in witnessed["witnesses"]}
    assert moods == {"bureau": "cosigned", "auditor": "cosigned", "gone": "silent"}
    assert witnessed["witnessed_age_s"] < 60
