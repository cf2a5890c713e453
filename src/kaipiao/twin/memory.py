"""A ledger in memory: every port of the ledger, kept by tables that outlive their processes.

``Memory`` is the database; a ``MemoryStore`` is one process's view of it, as ``ledger.Store``
is of PostgreSQL.  It passes the same contract, and only therefore may the twin use it.

A process commits as the real one does: one lot at a time, into a block that it took before.
Between the two it may die; between the sending and the answer it may die too.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from datetime import date, datetime

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.errors import Outage, Refusal
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice, Receipt
from kaipiao.fiscal.leaf import SECRET_BYTES
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import InvoiceNumber, Series, compose_series
from kaipiao.ports import Clock, Entry, Outcome, Page, Tell
from kaipiao.twin.audit import AuditTable, MemoryAudit, MemoryAuditOrder
from kaipiao.twin.commit import Committing, Done, Lot
from kaipiao.twin.credit import MemoryCredit
from kaipiao.twin.directory import DirectoryTable, MemoryDirectory, MemoryVerifyCounter
from kaipiao.twin.forms import MemoryForms
from kaipiao.twin.heads import HeadTable, MemoryHeads
from kaipiao.twin.numbers import Fenced, Held, held_after
from kaipiao.twin.order import MemoryOrder
from kaipiao.twin.originals import MemoryUses
from kaipiao.twin.wire import ShortWire, Wire

BLOCK_SIZE = 1_000


def _chance() -> bytes:
    return os.urandom(SECRET_BYTES)


class Memory(Committing):
    """All tables of one cell."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = DirectoryTable()
        self.audit = AuditTable()
        self.heads: HeadTable = {}


class Habits(msgspec.Struct, frozen=True):
    """What a process brings along: its clock, its place, and where its secrets come from."""

    clock: Clock
    area: int = 31
    channel: int = 1
    block_size: int = BLOCK_SIZE
    secret: Callable[[], bytes] = _chance

    def series(self, now: datetime) -> Series:
        return compose_series(beijing_day(now).year, self.area, self.channel)


class MemoryLedger:
    """Implements ports.Ledger."""

    def __init__(self, memory: Memory, wire: Wire, habits: Habits) -> None:
        self._memory = memory
        self._wire = wire
        self._habits = habits
        self._session = memory.numbers.session()
        self._held: Held | None = None
        self._turn = asyncio.Lock()
        self._entered: dict[asyncio.Task[None], None] = {}  # a set would have no order

    async def record(self, entry: Entry) -> Receipt:
        (outcome,) = await self.record_all((entry,))
        if isinstance(outcome, Receipt):
            return outcome
        raise outcome

    def enter(self, entry: Entry, tell: Tell) -> None:
        task = asyncio.ensure_future(self._record_and_tell(entry, tell))
        self._entered[task] = None  # the event loop alone would let go of it
        task.add_done_callback(self._entered.pop)

    async def _record_and_tell(self, entry: Entry, tell: Tell) -> None:
        (outcome,) = await self.record_all((entry,))
        tell(outcome)

    async def record_all(self, entries: Sequence[Entry]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        async with self._turn:
            while len(outcomes) < len(entries):
                try:
                    outcomes += await self._commit_some(entries[len(outcomes) :])
                except Outage as outage:  # of the first that are open; the rest were not sent
                    return outcomes + [outage] * (len(entries) - len(outcomes))
        return outcomes

    async def _commit_some(self, entries: Sequence[Entry]) -> list[Receipt | Refusal]:
        now = self._habits.clock.now()
        held, self._held = await self._block(self._habits.series(now)), None
        lot = Lot(entries, held, now, self._habits.secret())
        try:
            done: Done = await self._wire.ask("commit", lambda: self._memory.commit(lot))
        except Fenced:
            return []  # someone took our block over: the next attempt takes another
        self._held = held_after(held, done.used)  # known again only now
        return done.outcomes

    async def _block(self, series: Series) -> Held:
        held = self._held
        if held is not None and held.series == series and held.room > 0:
            return held
        numbers, size = self._memory.numbers, self._habits.block_size
        return await self._wire.ask("take block", lambda: numbers.take(series, size, self._session))

    async def recall(self, seller: str, key: IdempotencyKey, *, asked: Digest) -> Receipt | None:
        return await self._wire.ask(
            "recall", lambda: self._memory.invoices.recall(seller, key, asked)
        )

    async def read(self, number: InvoiceNumber) -> Invoice | None:
        return await self._wire.ask("read", lambda: self._memory.invoices.read(number))

    async def find_key(self, seller: str, key: IdempotencyKey) -> Invoice | None:
        kept = await self._wire.ask("find", lambda: self._memory.invoices.find_key(seller, key))
        return kept.invoice() if kept else None

    async def find_digest(self, digest: Digest) -> Sequence[Invoice]:
        return await self._wire.ask(
            "find digest", lambda: self._memory.invoices.find_digest(digest)
        )

    async def page(
        self,
        seller: str,
        *,
        since: date | None = None,
        until: date | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Page:
        return await self._wire.ask(
            "page", lambda: self._memory.invoices.page(seller, since, until, after, limit)
        )

    async def taken_back(self, number: InvoiceNumber) -> dict[int, Amounts]:
        taken = self._memory.originals.taken
        return await self._wire.ask("taken", lambda: dict(taken.get(number, {})))

    async def red_letters(self, number: InvoiceNumber) -> Sequence[InvoiceNumber]:
        letters = self._memory.originals.red_letters
        return await self._wire.ask("red letters", lambda: sorted(letters.get(number, [])))

    def end(self) -> None:
        """The process is gone: the block that it held is anyone's to carry on."""
        for entered in list(self._entered):
            entered.cancel()
        self._memory.numbers.end(self._session)


class MemoryStore(msgspec.Struct, frozen=True):
    """One process's view of a ``Memory``; every attribute is a port."""

    ledger: MemoryLedger
    credit: MemoryCredit
    uses: MemoryUses
    confirmations: MemoryForms
    order: MemoryOrder
    heads: MemoryHeads
    directory: MemoryDirectory
    audit: MemoryAudit
    audit_order: MemoryAuditOrder
    verify_counter: MemoryVerifyCounter

    @classmethod
    def open(cls, memory: Memory, habits: Habits, wire: Wire | None = None) -> "MemoryStore":
        wire = wire or ShortWire()
        return cls(
            ledger=MemoryLedger(memory, wire, habits),
            credit=MemoryCredit(memory.credit, wire),
            uses=MemoryUses(memory.originals, wire),
            confirmations=MemoryForms(memory.forms, wire),
            order=MemoryOrder(memory.order, wire),
            heads=MemoryHeads(memory.heads, wire),
            directory=MemoryDirectory(memory.directory, wire),
            audit=MemoryAudit(memory.audit, wire, habits.clock),
            audit_order=MemoryAuditOrder(memory.audit, wire),
            verify_counter=MemoryVerifyCounter(memory.directory, wire),
        )

    async def close(self) -> None:
        self.ledger.end()
