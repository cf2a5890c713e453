"""An operator archives last year, is killed again and again, and no seller notices."""

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from kaipiao.app.folder import CellFolder, read_running
from kaipiao.base.canonical import canonical
from kaipiao.fiscal.invoice import Receipt
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.journeys.cells import KAIPIAO, Cell, environment, kaipiao, running, wait_until
from tests.stores import entry, grant
from tests.strategies import SELLER, make_draft

LAST_YEAR = datetime(2025, 12, 20, 4, 0, tzinfo=UTC)
SALES = 30


@pytest.fixture
def cell(scratch: Path) -> Iterator[Cell]:
    with running(scratch / "cell") as started:
        yield started


async def issue_last_year(folder: Path) -> list[Receipt]:
    """As a server of the cell would have, had it run then."""
    told = read_running(CellFolder(str(folder)))
    assert told
    store = await Store.open(told.dsn, clock=StoppedClock(LAST_YEAR), area=31, channel=1)
    try:
        await grant(store, month=202512)
        return [await store.ledger.record(entry(f"sale-{n}", n)) for n in range(SALES)]
    finally:
        await store.close()


def told_of(http: httpx.Client, receipts: list[Receipt]) -> list[Any]:
    """What the API says of each sale, byte for byte: by number, by key, by digest, again."""
    told: list[Any] = []
    for n, receipt in enumerate(receipts):
        again = http.post(
            "/v1/invoices",
            content=canonical(make_draft(n)),
            headers={"Idempotency-Key": receipt.key, "Content-Type": "application/json"},
        )
        assert again.status_code == 200, again.text
        asked = (
            http.get(f"/v1/invoices/{receipt.number}"),
            http.get("/v1/invoices", params={"seller": receipt.seller, "key": receipt.key}),
            http.get("/v1/invoices", params={"digest": receipt.digest.hex()}),
        )
        told.append((again.content, [(one.status_code, one.content) for one in asked]))
    listed = {"seller": SELLER.taxpayer_id, "since": "2025-12-01", "until": "2025-12-31"}
    told.append(http.get("/v1/invoices", params=listed).json())
    return told


def archive(cell: Cell, *more: str) -> "subprocess.CompletedProcess[str]":
    return kaipiao("archive", "--data", cell.folder, *more)


def steps_of(done: "subprocess.CompletedProcess[str]") -> list[Any]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_last_year_leaves_the_database_and_no_seller_notices(cell: Cell) -> None:
    receipts = asyncio.run(issue_last_year(cell.folder))
    with cell.http() as http:
        http.put(f"/v1/credit-lines/{SELLER.taxpayer_id}", json={"limit_fen": 10**12})
        proof = f"/v1/invoices/{receipts[-1].number}/receipt"
        wait_until(lambda: http.get(proof).status_code == 200, 20, "no proof")
        before, proved = told_of(http, receipts), http.get(proof).content

        dry = steps_of(archive(cell, "--before", "2026-01", "--dry-run", "--json"))
        assert {s["part"]: (s["what"], s["invoices"]) for s in dry}["batch_25311_0"] == (
            *("may go", SALES),
        )
        kill_again_and_again(cell)
        steps_of(archive(cell, "--before", "2026-01", "--json"))

        assert "25311_0" not in archive(cell, "--before", "2026-01").stdout
        assert told_of(http, receipts) == before
        assert http.get(proof).content == proved
        assert steps_of(archive(cell, "--check", "--json"))[0]["invoices"] == SALES
        red = http.post(
            f"/v1/invoices/{receipts[0].number}/red-letters",
            json={"reason": "01"},
            headers={"Idempotency-Key": "red-1"},
        )
        assert red.status_code == 201, red.text


def kill_again_and_again(cell: Cell) -> None:
    """Each time a little later in its run."""
    command = [KAIPIAO, "archive", "--data", cell.folder, "--before", "2026-01"]
    for n in range(8):
        process = subprocess.Popen(
            [*map(str, command)], env=environment(), stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        if n:
            process.stdout.readline()  # it has begun
            time.sleep(0.004 * n)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    ("asked", "code", "said"),
    [
        (["--before", "2026-13"], 2, "A month is written"),
        (["--before", "2999-01"], 2, "the latest month"),
        ([], 2, "give --before"),
    ],
)
def test_what_makes_no_sense_is_told(scratch: Path, asked: list[str], code: int, said: str) -> None:
    done = kaipiao("archive", "--data", scratch, *asked)

    assert done.returncode == code
    assert said in done.stderr


def test_a_cell_that_does_not_run_is_an_outage(cell: Cell) -> None:
    cell.stop()
    done = archive(cell, "--before", "2026-01")

    assert done.returncode == 3, done.stderr
