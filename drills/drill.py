"""What all drills share: callers at a cell, a watcher of its log, and the reckoning at the end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import asyncpg

from drills.api import judge_api
from drills.cell import Cell, open_shop
from kaipiao.continuity.drill.books import Books, checkpoint_of, read_books
from kaipiao.continuity.drill.callers import Callers
from kaipiao.continuity.drill.judge import judge
from kaipiao.continuity.drill.line import Door
from kaipiao.continuity.drill.sales import Desk
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint
from kaipiao.evidence.note import VerifierKey

LOGGED_WITHIN_S = 30.0
WATCH_EVERY_S = 0.02
PATIENCE_S = 60.0
"""Generous: whether it comes back is a promise, how fast on a busy machine is none."""


class Drill:
    """One cell, its callers, and every checkpoint that was seen."""

    def __init__(self, cell: Cell, callers: Callers, *, seed: int) -> None:
        self.cell = cell
        self.callers = callers
        self.seen: list[Checkpoint] = []
        self._seed = seed

    async def watch(self) -> None:
        """Note every checkpoint that is published, until cancelled."""
        path, key, last = self.cell.evidence / CHECKPOINT_NAME, self.cell.vkey, ""
        while True:
            with contextlib.suppress(FileNotFoundError):
                if (note := path.read_text()) != last:
                    last = note
                    self._take(note, key)
            await asyncio.sleep(WATCH_EVERY_S)

    def _take(self, note: str, key: VerifierKey) -> None:
        try:
            self.seen.append(checkpoint_of(note, key))
        except ValueError as error:
            self.callers.heard.fault(f"a checkpoint was seen that is none: {error}")

    async def until(self, word: str, more: int, *, within_s: float = PATIENCE_S) -> None:
        """Wait until so many more answers were ``word``.  Raises TimeoutError."""
        counts = self.callers.heard.counts
        wanted = counts[word] + more
        async with asyncio.timeout(within_s):
            while counts[word] < wanted:
                await asyncio.sleep(0.01)

    async def reckon(self) -> tuple[Books, list[str]]:
        """Let everybody finish; then hold what they heard against what the cell has."""
        await self.callers.finish()
        late = await self._until_logged()
        heard, inside = self.callers.heard, self.cell.bench()
        books = await read_books(inside.dsn_root, self.cell.evidence, self.cell.vkey)
        findings = late + judge(books, heard, self.seen)
        rng = Random(self._seed)  # noqa: S311
        return books, findings + await judge_api(self.cell, inside.first_key, books, heard, rng)

    async def _until_logged(self) -> list[str]:
        deadline = asyncio.get_running_loop().time() + LOGGED_WITHIN_S
        inside = self.cell.bench()
        while asyncio.get_running_loop().time() < deadline:
            with contextlib.suppress(OSError, asyncpg.PostgresError):  # it may be coming back
                if inside.count_logged() >= await asyncio.to_thread(inside.count_issued):
                    return []
            await asyncio.sleep(0.05)
        return [f"the log is not complete {LOGGED_WITHIN_S} s after the last invoice"]


@asynccontextmanager
async def open_drill(cell: Cell, *, seed: int) -> AsyncIterator[Drill]:
    """Open the shop, and watch the log while the block runs."""
    tokens = await open_shop(cell, Desk())
    drill = Drill(cell, Callers([Door("127.0.0.1", cell.port)], tokens, seed=seed), seed=seed)
    watching = asyncio.create_task(drill.watch())
    try:
        yield drill
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        drill.callers.abandon()
