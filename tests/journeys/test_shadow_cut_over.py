"""The shadow's version issues on the true ledger, and back, under sales; nothing is lost.

The next release is made (``tests/made_release.py``) and runs as real processes.  It takes longer
than a few seconds: KAIPIAO_LONG_TESTS=1 runs it.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kaipiao.base.canonical import canonical
from tests.journeys.cells import (
    KAIPIAO,
    Cell,
    command_line,
    descendants,
    environment,
    running,
    wait_until,
)
from tests.journeys.test_cli_release import everything_is_there, long_ones, sales
from tests.made_release import make_release
from tests.strategies import SELLER, make_draft

COMPARED_AT_LEAST = 100


@contextmanager
def shadow_of(cell: Cell, *arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    """``kaipiao shadow start``, until we are done with it."""
    command = [KAIPIAO, "shadow", "start", "--data", cell.folder, *arguments]
    with (cell.folder / "shadow-said").open("ab") as said:
        process = subprocess.Popen(
            list(map(str, command)), stdout=said, stderr=said, env=environment()
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.fixture
def cell(scratch: Path) -> Iterator[Cell]:
    with running(scratch / "cell", "--workers", "1") as started:
        granted = started.run("credit", "grant", SELLER.taxpayer_id, "1000000000.00")
        assert granted.returncode == 0, granted.stderr
        yield started


def shadow(cell: Cell, *arguments: object, code: int = 0) -> str:
    done = cell.run("shadow", *arguments, "--data", cell.folder, within_s=180)
    assert done.returncode == code, done.stdout + done.stderr + cell.said()
    return done.stdout + done.stderr


def compared(cell: Cell, run: int) -> int:
    """How many invoices so far; -1 before the run began."""
    try:
        tally = json.loads((cell.folder / f"shadow/run-{run}/tally.json").read_bytes())
    except FileNotFoundError:
        return -1
    return int(tally["same"] + tally["diverged"] + tally["only_here"])


def issues(cell: Cell) -> set[str]:
    """The Pythons that serve."""
    lines = [command_line(pid) for pid in descendants(cell.process.pid)]
    return {line.split()[0] for line in lines if " kaipiao.app.serve" in line}


def sell(cell: Cell, many: int) -> None:
    with cell.http() as http:
        for n in range(many):
            answer = http.post(
                "/v1/invoices",
                content=canonical(make_draft(n)),
                headers={"Idempotency-Key": f"before-{n}", "Content-Type": "application/json"},
            )
            assert answer.status_code == 201, answer.text


@long_ones
def test_cut_over_and_back_under_sales(cell: Cell, scratch: Path) -> None:
    python = make_release(scratch / "next")
    sell(cell, 20)
    with shadow_of(cell, "--program", python, "--since", 0, "--per-second", 1000):
        wait_until(lambda: compared(cell, 1) >= 20, 60, "nothing is compared")
        [old] = issues(cell)
        said = shadow(cell, "cut-over", code=1)
        assert "only 20 were compared; at least 100" in said
        assert issues(cell) == {old}, "what is refused changes nothing"

        with sales(cell) as tills:
            wait_until(lambda: all(len(till.numbers) > 1 for till in tills), 20, "nobody sells")
            said = shadow(cell, "cut-over", "--despite", "a rehearsal")
            assert "proved, 0 lost: both programs" in said
            assert issues(cell) == {str(python)}
            wait_until(lambda: compared(cell, 2) > 0, 60, "the roles were not turned")

            said = shadow(cell, "back")
            assert "proved, 0 lost: the program" in said
            assert issues(cell) == {old}
            assert "nothing to go back from" in shadow(cell, "back")
        everything_is_there(cell, tills)
        assert max(till.longest_s for till in tills) < 5
        former = cell.run("shadow", "report", "--json", "--run", 2, "--data", cell.folder)
        assert former.returncode == 0, former.stdout
    audited = cell.run("audit", "list", "--json").stdout
    assert "a rehearsal" in audited
    assert "shadow.back" in audited


@long_ones
def test_a_shadow_that_is_ready_needs_no_reason_and_a_turn_that_was_cut_off_goes_on(
    cell: Cell, scratch: Path
) -> None:
    python = make_release(scratch / "next")
    sell(cell, COMPARED_AT_LEAST)
    plan = cell.folder / "shadow/plan.json"
    with shadow_of(cell, "--program", python, "--since", 0, "--per-second", 1000):
        wait_until(lambda: compared(cell, 1) >= COMPARED_AT_LEAST, 60, "it stands still")
        before = plan.read_bytes()
        assert "what was compared allows it" in shadow(cell, "cut-over")
        wait_until(lambda: compared(cell, 2) >= 0, 60, "the roles were not turned")
        after = plan.read_bytes()

    # Killed between the release and the plan, it goes on; or goes back, and nothing is turned.
    plan.write_bytes(before)
    assert "proved, 0 lost" in shadow(cell, "cut-over")
    assert json.loads(plan.read_bytes())["former"] == json.loads(after)["former"]
    plan.write_bytes(before)
    shadow(cell, "back")
    assert plan.read_bytes() == before
    assert issues(cell) != {str(python)}

    # The same on the way back: the release is undone, and the plan still says cut over.
    plan.write_bytes(after)
    assert "not finished" in shadow(cell, "cut-over", code=1)
    shadow(cell, "back")
    assert json.loads(plan.read_bytes())["version"] == json.loads(before)["version"]
