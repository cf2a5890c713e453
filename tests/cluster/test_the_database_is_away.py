"""A database that is stopped, or whose disk is full, and comes back: 503, then all adds up."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from drills.cell import Cell, open_cell, open_shop
from drills.drill import open_drill
from kaipiao.continuity.drill.books import read_books
from kaipiao.continuity.drill.callers import Callers
from kaipiao.continuity.drill.judge import judge
from kaipiao.continuity.drill.line import Door
from kaipiao.continuity.drill.sales import Desk
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.migrate import migrate

ROOM_MB = 400
AWAY_S = 4.0
"""Longer than a crowd waits before it is told 503."""


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """``folder`` on a disk of its own, which is small."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m,mode=0711", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root may mount a small disk here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte free."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return ballast


@pytest.mark.parametrize("full", [".", "evidence"], ids=["the whole cell", "the log"])
async def test_a_full_disk_is_no_wrong_yes_and_passes(scratch: Path, full: str) -> None:
    """Database, log and journals on it: 503 until there is room.  Only the log: issuing goes on."""
    folder = scratch / "cell" / full
    with small_disk(folder):
        async with open_cell(scratch / "cell") as cell, open_drill(cell, seed=1) as drill:
            drill.callers.start(tills=8, batchers=1)
            await drill.until("yes", 200)
            ballast = fill(folder)
            if full == ".":
                await drill.until("503 unavailable", 1)
            else:
                await drill.until("yes", 1_000)
            ballast.unlink()
            await drill.until("yes", 300)

            _, findings = await drill.reckon()
            assert findings == []


@pytest_asyncio.fixture
async def away(
    scratch: Path, start_postgres: Callable[[], Awaitable[EmbeddedPostgres]]
) -> AsyncIterator[tuple[EmbeddedPostgres, Cell]]:
    """A cell on a database that is not its own."""
    server = await start_postgres()
    await migrate(server.dsn_owner)
    async with open_cell(scratch / "beside", "--dsn", server.dsn_owner) as cell:
        yield server, cell


async def test_a_database_that_is_stopped_and_started_is_a_503_and_no_more(
    away: tuple[EmbeddedPostgres, Cell],
) -> None:
    server, cell = away
    desk = Desk()
    callers = Callers([Door("127.0.0.1", cell.port)], await open_shop(cell, desk), seed=1)
    callers.start(tills=8, batchers=1)
    await asyncio.sleep(1.0)
    await server.stop()
    await asyncio.sleep(AWAY_S)
    assert callers.heard.counts["503 unavailable"] > 0
    before = callers.heard.counts["yes"]
    await server.start()
    async with asyncio.timeout(20):
        while callers.heard.counts["yes"] < before + 300:
            await asyncio.sleep(0.02)
    await callers.finish()
    await until_ordered(server.dsn_owner)
    await asyncio.sleep(1.0)

    said = [line for log in cell.folder.glob("logs/*.log*") for line in log.open()]
    assert not [line for line in said if '"traceback"' in line]
    assert any("the database does not answer" in line for line in said)
    assert any("the database answers again" in line for line in said)
    books = await read_books(server.dsn_owner, cell.evidence, cell.vkey)
    assert judge(books, callers.heard, []) == []


async def until_ordered(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    async with asyncio.timeout(20):
        while await connection.fetchval("SELECT count(*) FROM outbox WHERE topic = 'evidence'"):
            await asyncio.sleep(0.05)
    await connection.close()
