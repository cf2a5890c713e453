"""The shadow's version issues on the true ledger, and back, under sales; nothing is lost.

The next release is made (``tests/made_release.py``) and runs as real processes.
"""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.cells import (
    KAIPIAO,
    Cell,
    command_line,
    descendants,
    environment,
    running,
    wait_until,
)
from tests.journeys.test_cli_release import everything_is_there, sales
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
    done = cell.run("shadow", *arguments, "--data", cell.folder)
    assert done.returncode == code, done.stdout + done.stderr + cell.said()
    return done.stdout + done.stderr


def counts(cell: Cell, *arguments: object) -> dict[str, Any]:
    """The first line of the report; empty before there is one."""
    told = cell.run("shadow", "report", "--json", *arguments, "--data", cell.folder).stdout
    return dict(json.loads(told.splitlines()[0])) if told else {}


def issues(cell: Cell) -> set[str]:
    """The Pythons that serve."""
    lines = [command_line(pid) for pid in descendants(cell.process.pid)]
    return {line.split()[0] for line in lines if " kaipiao.app.serve" in line}


def sell(cell: Cell, name: str, many: int) -> None:
    with cell.http() as http:
        for n in range(many):
            answer = http.post(
                "/v1/invoices",
                content=json.dumps(to_json(n)),
                headers={"Idempotency-Key": f"{name}-{n}", "Content-Type": "application/json"},
            )
            assert answer.status_code == 201, answer.text


def to_json(n: int) -> Any:
    from kaipiao.base.canonical import canonical

    return json.loads(canonical(make_draft(n)))


def test_cut_over_and_back_under_sales(cell: Cell, scratch: Path) -> None:
    python = make_release(scratch / "next")
    sell(cell, "before", 20)
    with shadow_of(cell, "--program", python, "--since", 0, "--per-second", 1000):
        wait_until(lambda: counts(cell).get("same", 0) >= 20, 60, "nothing is compared")
        [old] = issues(cell)
        said = shadow(cell, "cut-over", code=1)
        assert "only 20 were compared; at least 100" in said
        assert issues(cell) == {old}, "what is refused changes nothing"

        sell(cell, "more", COMPARED_AT_LEAST)
        wait_until(lambda: counts(cell).get("same", 0) >= COMPARED_AT_LEAST, 60, "it stands still")
        with sales(cell) as tills:
            wait_until(lambda: all(len(till.numbers) > 1 for till in tills), 20, "nobody sells")
            said = shadow(cell, "cut-over")
            assert "proved, 0 lost: 2 programs" in said
            assert issues(cell) == {str(python)}
            assert "issues already" in shadow(cell, "cut-over")
            wait_until(lambda: counts(cell).get("same", 0) > 0, 60, "the roles were not turned")

            said = shadow(cell, "back")
            assert "proved, 0 lost" in said
            assert issues(cell) == {old}
            assert "nothing to go back from" in shadow(cell, "back")
        everything_is_there(cell, tills)
        assert max(till.longest_s for till in tills) < 5
        assert counts(cell, "--run", 1)["same"] >= COMPARED_AT_LEAST
        assert counts(cell, "--run", 2)["diverged"] == 0
    audited = cell.run("audit", "list", "--json").stdout
    assert "shadow.cut_over" in audited
    assert "shadow.back" in audited
