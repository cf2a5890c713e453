"""Group commit: a crowd of callers, one transaction.

While one commit is on its way to the disk the next crowd gathers, so a lone caller waits for
nobody and a crowd shares one fsync.  A crowd that was just answered asks again within a moment;
the next commit gives it that moment, or it would fall into two halves for ever, each paying for
a commit of its own.  One commit at a time per process also keeps its block of numbers free of
gaps for nothing: the next batch starts where the last one that is *known* to be durable ended.

    offer ──► take ──► rows ──► commit ──► resolve
                ▲        ▲         │ Trouble: nothing happened; sort it out, try the rest
                │        └─────────┤
                │                  │ Doubt: the answer was lost; ask what happened
                └── settle ◄───────┘

If we crash before the commit is durable, nothing happened.  If we crash after, the callers
retry with their keys and PostgreSQL knows them.  If a doubt cannot be settled in time the
callers hear so, and their retries find out: a key that was committed is taken, and one that
is still being committed makes the next insert of it wait until that is decided.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import Receipt
from kaipiao.fiscal.leaf import SECRET_BYTES
from kaipiao.fiscal.number import Series
from kaipiao.ledger.batch import KeyId, Place, Rows
from kaipiao.ledger.hold_up import HELD_UP_S, HoldUp
from kaipiao.ledger.queue import Item, Queue
from kaipiao.ledger.recent import answer_again
from kaipiao.ledger.sorting import Sorter
from kaipiao.ledger.troubles import (
    CreditTrouble,
    Doubt,
    Fenced,
    KeysTaken,
    RedTrouble,
    Trouble,
    Unavailable,
)
from kaipiao.ledger.writer import Block, Writer, new_place
from kaipiao.ports import Clock, Entry, Outcome, Tell

_log = logging.getLogger("kaipiao.ledger")

RIDE_OUT_S = 3.0
"""How long a crowd waits for a database that is away: a killed one is back in under one."""

RETRY_EVERY_S = 0.05

CROWD = 16
"""Fewer in one commit are no crowd: nobody waits for them."""

GATHER_S = 0.002
"""How long a crowd that is not yet whole is waited for: less than its commit takes, which costs
about a millisecond of CPU however few are in it."""


class GroupCommit:
    """Gathers entries and commits them, one batch at a time."""

    def __init__(
        self,
        *,
        writer: Writer,
        sorter: Sorter,
        clock: Clock,
        series_at: Callable[[datetime], Series],
        held_up_s: float = HELD_UP_S,
    ) -> None:
        self._writer = writer
        self._sorter = sorter
        self._clock = clock
        self._series_at = series_at
        self._queue = Queue()
        self._hold_up = HoldUp(self._queue, held_up_s)
        self._loop = asyncio.create_task(self._run(), name="group commit")

    async def submit(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Outcomes of a crowd, in order, once each is durable, refused or unknown."""
        waiter = self._queue.offer(entries)
        await waiter.future
        return [outcome for outcome in waiter.outcomes if outcome is not None]

    def enter(self, entry: Entry, tell: Tell) -> None:
        """One entry, without a coroutine or a future for it: the hot path has none to spare."""
        self._queue.offer_one(entry, tell)

    async def record(self, entry: Entry) -> Receipt:
        """One entry; its receipt, or what became of it instead is raised."""
        told: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._queue.offer_one(entry, partial(_settle, told))
        return await told

    def forget(self, keys: Iterable[KeyId]) -> None:
        """Remember no receipt given under these: the invoices were erased."""
        for key in keys:
            self._queue.recent.forget(key)

    def when_broken(self, tell: Callable[[], None]) -> None:
        """``tell`` is called should the loop end by a defect; then nothing is committed."""
        self._loop.add_done_callback(lambda loop: None if loop.cancelled() else tell())

    async def close(self) -> None:
        """Finish what was accepted, then let go of the connection and the block."""
        while len(self._queue):
            await asyncio.sleep(0.005)
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)
        await self._writer.close()

    async def _run(self) -> None:
        crowd = 0
        while True:
            await self._queue.arrived.wait()
            if CROWD <= crowd > self._queue.waiting:
                await asyncio.sleep(GATHER_S)
            items = self._queue.take()
            crowd = len(items)
            self._hold_up.begin()
            try:
                await self._finish(items, time.monotonic() + RIDE_OUT_S)
            finally:
                self._hold_up.end()

    async def _finish(self, items: list[Item], deadline: float) -> None:
        """Bring every item to an outcome, whatever it takes; raises nothing."""
        while items:
            try:
                items = await self._step(items, deadline)
            except Unavailable as error:
                if time.monotonic() > deadline:
                    items = self._give_up(items, error)
                else:
                    await asyncio.sleep(RETRY_EVERY_S)
            except Exception as defect:
                items = await self._isolate(items, defect, deadline)

    async def _step(self, items: list[Item], deadline: float) -> list[Item]:
        """Commit some, or sort out why not; returns the items that are still open."""
        try:
            return await self._commit_some(items, deadline)
        except Unavailable:
            raise
        except Fenced:
            self._writer.block = None  # someone took our block over: take another
            return items
        except KeysTaken:
            return await self._answer_repeats(items)
        except CreditTrouble:
            return await self._refuse_poor(items)
        except RedTrouble as trouble:
            return await self._part_red(items, trouble, deadline)
        except Trouble as clash:
            if time.monotonic() > deadline:
                raise Unavailable(str(clash)) from clash
            return items

    async def _commit_some(self, items: list[Item], deadline: float) -> list[Item]:
        """Commit as many as the block has room for; returns the rest."""
        now = self._clock.now()
        block = await self._writer.block_of(self._series_at(now))
        batch, rest = items[: block.room], items[block.room :]
        place = new_place(block, now, os.urandom(SECRET_BYTES))
        rows = Rows([item.entry for item in batch], [item.key for item in batch], place)
        try:
            await self._writer.commit(rows, place)
        except Doubt as doubt:
            _log.warning("a commit of %d is in doubt: %s", len(batch), doubt)
            if not await self._was_committed(place, block, deadline):
                return items
        self._hold_up.is_over()
        for item, receipt in zip(batch, rows.receipts, strict=True):
            self._queue.resolve(item, receipt)
        return rest

    async def _was_committed(self, place: Place, block: Block, deadline: float) -> bool:
        """What became of a commit whose answer was lost.

        Raises:
            Unavailable: nobody could be asked in time.
        """
        while True:
            try:
                return await self._writer.settle(place, block)
            except (Unavailable, Doubt) as error:
                if time.monotonic() > deadline:
                    raise Unavailable(str(error)) from error
                await asyncio.sleep(RETRY_EVERY_S)

    async def _answer_repeats(self, items: list[Item]) -> list[Item]:
        given = await self._sorter.given([item.key for item in items])
        for item in items:
            if item.key in given:
                again = answer_again(given[item.key], item.entry.asked)
                self._queue.resolve_known(item, given[item.key], again)
        return [item for item in items if item.key not in given]

    async def _refuse_poor(self, items: list[Item]) -> list[Item]:
        # A yes stands, however little is left of the line: repeats are answered first, and
        # looked for again before a no, because whoever was faster drew on the line we read.
        if len(fresh := await self._answer_repeats(items)) < len(items):
            return fresh  # who was answered is out of our hands before anything else can fail
        draws = [(item.entry.seller, item.entry.draws_fen) for item in items]
        refusals = await self._sorter.poor(draws, self._clock.now())
        poor = {items[place].key: refusal for place, refusal in refusals.items()}
        for item in await self._answer_repeats([one for one in items if one.key in poor]):
            self._queue.resolve(item, poor[item.key])
        return [item for item in items if item.key not in poor]

    async def _part_red(
        self, items: list[Item], trouble: RedTrouble, deadline: float
    ) -> list[Item]:
        """Some red letter is at fault; alone, it is the one."""
        if len(items) == 1:
            for item in await self._answer_repeats(items):  # it may itself have been the faster
                self._queue.resolve(item, self._sorter.red_refusal(trouble))
            return []
        for red in [item for item in items if item.entry.taken_back is not None]:
            await self._finish([red], deadline)
        return [item for item in items if item.entry.taken_back is None]

    async def _isolate(self, items: list[Item], defect: Exception, deadline: float) -> list[Item]:
        """Something we did not foresee: find whose it is, and let the neighbours through."""
        if len(items) == 1:
            _log.error("an invoice failed its commit", exc_info=defect)
            self._queue.fail(items[0], defect)
        else:
            for item in items:
                await self._finish([item], deadline)
        return []

    def _give_up(self, items: list[Item], error: Exception) -> list[Item]:
        _log.warning("no answer for %d invoices: %s", len(items), error)
        for item in items:
            self._queue.resolve(item, Outage("ledger"))
        return []


def _settle(told: "asyncio.Future[Receipt]", outcome: Receipt | Exception) -> None:
    if told.done():  # the caller went away
        return
    if isinstance(outcome, Receipt):
        told.set_result(outcome)
    else:
        told.set_exception(outcome)
