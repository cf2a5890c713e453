"""A new program is put in place under running sales, and the old one back: nobody is refused, and
whatever was acknowledged is there.

The next release is made (``tests/made_release.py``) and runs as real processes.  What takes longer
than a few seconds runs with KAIPIAO_LONG_TESTS=1.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from kaipiao.base.canonical import canonical
from tests.journeys.cells import Cell, command_line, descendants, kaipiao, running, wait_until
from tests.made_release import VERSION, change, make_release
from tests.strategies import SELLER, make_draft

TILLS = 2
RETRY_PAUSE_S = 0.05
long_ones = pytest.mark.skipif(
    not os.environ.get("KAIPIAO_LONG_TESTS"), reason="takes long: KAIPIAO_LONG_TESTS=1 runs it"
)


class Till(threading.Thread):
    """Sells one after another on a connection that it keeps; asks again with the same key."""

    def __init__(self, cell: Cell, name: str) -> None:
        super().__init__()
        self.http, self.label = cell.http(), name
        self.numbers: dict[str, str] = {}
        self.refused: list[str] = []
        self.told_to_come_back = 0  # a 503, or a connection that was just being closed
        self.longest_s = 0.0
        self.is_over = False

    def run(self) -> None:
        while not self.is_over:
            key = f"{self.label}-{len(self.numbers)}"
            began = time.monotonic()
            number = None
            while number is None:
                number = self.sell(key)
            self.numbers[key] = number
            self.longest_s = max(self.longest_s, time.monotonic() - began)
            time.sleep(0.1)

    def sell(self, key: str) -> str | None:
        try:
            answer = self.http.post(
                "/v1/invoices",
                content=canonical(make_draft(int(key.rpartition("-")[2]))),
                headers={"Idempotency-Key": key, "Content-Type": "application/json"},
            )
        except httpx.TransportError:
            self.told_to_come_back += 1
            return None
        if answer.status_code in (200, 201):
            return str(answer.json()["number"])
        if answer.status_code != 503:
            self.refused.append(answer.text)
        self.told_to_come_back += 1
        time.sleep(RETRY_PAUSE_S)
        return None


@contextmanager
def sales(cell: Cell) -> Iterator[list[Till]]:
    tills = [Till(cell, f"till-{n}") for n in range(TILLS)]
    for till in tills:
        till.start()
    try:
        yield tills
    finally:
        for till in tills:
            till.is_over = True
            till.join()


@pytest.fixture
def cell(scratch: Path) -> Iterator[Cell]:
    with running(scratch / "cell", "--workers", "1") as started:
        granted = started.run("credit", "grant", SELLER.taxpayer_id, "1000000000.00")
        assert granted.returncode == 0, granted.stderr
        yield started


def release(cell: Cell, *arguments: object, code: int = 0) -> list[dict[str, object]]:
    """The steps that it said."""
    done = kaipiao("release", *arguments, "--json", "--data", cell.folder)
    assert done.returncode == code, done.stdout + done.stderr + cell.said()
    return [json.loads(line) for line in done.stdout.splitlines()]


def programs(cell: Cell, module: str = "") -> set[str]:
    """Which Pythons our children run on; or those that run one module."""
    lines = [command_line(pid) for pid in descendants(cell.process.pid)]
    return {line.split()[0] for line in lines if f" kaipiao.app.{module}" in line}


def is_proved(cell: Cell, size: int) -> bool:
    """Whether a checkpoint covers so many invoices."""
    with cell.http() as http:
        return int(http.get("/log/checkpoint").text.splitlines()[1]) >= size


def everything_is_there(cell: Cell, tills: list[Till]) -> int:
    """Every key gives the number that was acknowledged; how many."""
    numbers = [number for till in tills for number in till.numbers.values()]
    assert len(set(numbers)) == len(numbers), "a number was given twice"
    with cell.http() as http:
        page = http.get("/v1/invoices", params={"seller": SELLER.taxpayer_id, "limit": 1})
        assert page.status_code == 200
    for till in tills:
        assert till.refused == []
        assert {key: till.sell(key) for key in till.numbers} == till.numbers
    return len(numbers)


def test_forward_and_back_under_sales(cell: Cell, scratch: Path) -> None:
    python = make_release(scratch / "next")
    with sales(cell) as tills:
        wait_until(lambda: all(len(till.numbers) > 1 for till in tills), 20, "nobody sells")
        [old] = programs(cell)
        said = [str(step["en"]) for step in release(cell, "apply", python)]
        assert programs(cell) == {str(python)}
        assert any("0.1.0 & 9.9.9 made" in step for step in said), "both read the ledger"
        [now] = release(cell, "status")
        assert now["state"] == "open"
        sold = [len(till.numbers) for till in tills]
        release(cell, "apply", python, code=1)  # one at a time

        wait_until(
            lambda: all(len(t.numbers) > n + 1 for t, n in zip(tills, sold, strict=True)),
            20,
            "nobody sells to the new program",
        )
        said = [str(step["en"]) for step in release(cell, "rollback")]
        assert programs(cell) == {old}
        assert sum("the signed root" in step for step in said) == 2

    assert everything_is_there(cell, tills) > TILLS * 8
    assert max(till.longest_s for till in tills) < 5
    assert max(till.told_to_come_back for till in tills) <= 2, "at most once for each swap"
    audited = cell.run("audit", "list", "--json").stdout
    assert "release.apply" in audited
    assert "release.rollback" in audited


@long_ones
def test_a_release_is_remembered_finished_and_then_there_is_no_way_back(
    cell: Cell, scratch: Path
) -> None:
    python = make_release(scratch / "next")
    release(cell, "apply", python)
    cell.stop()
    with running(cell.folder, "--workers", "1") as again:  # the old command line
        assert programs(again) == {str(python)}
        assert command_line(again.process.pid).startswith(str(python))
        release(again, "rollback")
        assert programs(again) != {str(python)}, "the new supervisor runs old children"
        release(again, "apply", python)
        with sales(again) as tills:
            assert "post" in str(release(again, "finish", "--yes")[0]["en"])
            release(again, "rollback", code=1)
        everything_is_there(again, tills)
        assert release(again, "status")[0]["state"] == "settled"


@long_ones
@pytest.mark.parametrize(
    "name, old, new",
    [
        ("app/serve.py", "receive_orders()\n", "sys.exit(9)\n"),
        ("gateway/asgi.py", "def build_app(", "def build_app_(): ...\n\n\ndef xbuild_app("),
        ("app/work.py", "say_ready()", "raise OSError"),
        ("ledger/remade.py", "return leaves_of(unpack(row))", "return [bytes(32)]"),
    ],
)
def test_a_broken_program_is_refused_under_sales_and_the_old_one_runs(
    cell: Cell, scratch: Path, name: str, old: str, new: str
) -> None:
    python = make_release(scratch / "next")
    change(python, name, old, new)
    with sales(cell) as tills:
        wait_until(lambda: is_proved(cell, 3), 20, "the log stands still")
        release(cell, "apply", python, code=1)
        assert str(python) not in programs(cell)
    everything_is_there(cell, tills)
    assert release(cell, "status")[0]["state"] == "none"


@long_ones
def test_a_supervisor_killed_in_the_middle_leaves_the_old_program(
    cell: Cell, scratch: Path
) -> None:
    python = make_release(scratch / "next")
    applying = threading.Thread(
        target=kaipiao, args=("release", "apply", python, "--data", cell.folder)
    )
    applying.start()
    wait_until(lambda: programs(cell, "serve") == {str(python)}, 60, "it never came")
    cell.process.send_signal(signal.SIGKILL)
    cell.process.wait()
    applying.join()
    with running(cell.folder, "--workers", "1") as again:
        assert str(python) not in programs(again)
        assert release(again, "status")[0]["state"] == "none"


def test_what_does_not_fit_is_refused_before_anything_is_touched(scratch: Path) -> None:
    """No cell runs: a person is told so, and what to do."""
    done = kaipiao("release", "apply", "/nowhere/python", "--data", scratch / "cell")
    assert done.returncode == 3
    assert VERSION not in done.stdout + done.stderr
