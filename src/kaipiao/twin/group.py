"""The real group commit on tables in memory: its queue, its doubts and its sorting, unchanged.

Only the two things that speak SQL are made here anew: the writer, whose statement commits a
whole batch or nothing, and the questions by which trouble is sorted out.  What the wire does to
a commit, the real code has to find out: an answer that is lost is a doubt to be settled.
"""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec

from kaipiao.base.canonical import Digest, digest
from kaipiao.errors import ConfirmationNeeded, Outage
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt, pair_up, totals_of
from kaipiao.fiscal.leaf import LEAF_BYTES, salt_of
from kaipiao.fiscal.month import TaxMonth, tax_month
from kaipiao.fiscal.number import Series
from kaipiao.fiscal.red_letter import TakenBack
from kaipiao.ledger.batch import Blob, KeyId, Place, Rows, Stored, key_id
from kaipiao.ledger.group import GroupCommit
from kaipiao.ledger.recent import Given
from kaipiao.ledger.sorting import Sorter
from kaipiao.ledger.troubles import (
    CreditTrouble,
    Doubt,
    Fenced,
    KeysTaken,
    RedTrouble,
    Unavailable,
)
from kaipiao.ledger.writer import Block
from kaipiao.ports import Entry, Outcome, Tell
from kaipiao.twin import numbers
from kaipiao.twin.invoices import Kept
from kaipiao.twin.memory import Habits, Memory, MemoryLedger, MemoryStore
from kaipiao.twin.wire import ShortWire, Wire


class MemoryWriter:
    """Stands where ``ledger.writer.Writer`` does: one batch at a time, into a block of its own."""

    def __init__(self, memory: Memory, wire: Wire, habits: Habits, session: int) -> None:
        self._memory = memory
        self._wire = wire
        self._habits = habits
        self._session = session
        self.block: Block | None = None

    async def block_of(self, series: Series) -> Block:
        held, numbers_ = self.block, self._memory.numbers
        if held is not None and held.series == series and held.room > 0:
            return held
        if held is not None:
            self.block = None
            await self._ask("release block", lambda: numbers_.end(self._session))
        taken = await self._ask(
            "take block",
            lambda: numbers_.take(series, self._habits.block_size, self._session),
        )
        last_serial = taken.next_serial + taken.room - 1
        self.block = Block(taken.block, taken.epoch, series, taken.next_serial, last_serial)
        return self.block

    async def commit(self, rows: Rows, place: Place) -> None:
        block = self.block
        assert block is not None
        held = numbers.Held(block.block, block.epoch, block.series, place.first_serial, block.room)
        try:
            await self._wire.ask("commit", lambda: commit(self._memory, held, rows, place))
        except Outage as outage:
            raise Doubt(str(outage)) from outage
        block.next_serial += len(rows.receipts)

    async def settle(self, place: Place, block: Block) -> bool:
        """Whether the batch whose answer was lost exists; from now on it cannot come to exist."""
        self.block = None
        numbers_, secrets = self._memory.numbers, self._memory.secrets
        await self._ask("raise epoch", lambda: numbers_.raise_epoch(block.block, block.epoch))
        found: bool = await self._ask("settle", lambda: place.secret in secrets)
        return found

    async def close(self) -> None:
        self.block = None

    async def _ask(self, what: str, statement: Any) -> Any:
        try:
            return await self._wire.ask(what, statement)
        except Outage as outage:
            raise Unavailable(str(outage)) from outage


def commit(memory: Memory, held: numbers.Held, rows: Rows, place: Place) -> None:
    """The hot statement: a whole batch, or the first kind of trouble that it meets."""
    try:
        block = memory.numbers.fence(held)
    except numbers.Fenced as fenced:
        raise Fenced(str(fenced)) from fenced
    batch = _batch_of(rows, place)
    _check(memory, batch, rows, tax_month(place.issued_at))
    for seller, draws_fen in rows.draws:
        memory.credit.draw(seller, draws_fen, tax_month(place.issued_at))
    for kept in batch:
        memory.invoices.add(kept)
        if kept.entry.taken_back is not None:
            memory.originals.take(kept.entry.taken_back, kept.receipt.number)
        if kept.entry.confirmation:
            memory.forms.spend(kept.entry.confirmation, kept.receipt.number)
    block.next_serial += len(batch)
    memory.secrets.add(place.secret)
    memory.order.queue(tuple(batch), place.issued_at)


def _check(memory: Memory, batch: Sequence[Kept], rows: Rows, month: TaxMonth) -> None:
    """In PostgreSQL's order: what the statement counts comes before what its keys forbid."""
    for seller, draws_fen in rows.draws:
        line = memory.credit.lines.get((seller, month))
        if line is None or draws_fen > line.left_fen:
            raise CreditTrouble
    refusals = [memory.originals.objection(red) for red in _taken(rows)]
    if any(isinstance(refusal, ConfirmationNeeded) for refusal in refusals):
        raise RedTrouble("used")
    forms = [entry.confirmation for entry, _ in rows.red_letters if entry.confirmation]
    if any(memory.forms.objection(form_id) for form_id in forms):
        raise RedTrouble("not-agreed")
    if any(memory.invoices.find_key(kept.entry.seller, kept.entry.key) for kept in batch):
        raise KeysTaken
    if any(refusals):
        raise RedTrouble("past-zero")


def _taken(rows: Rows) -> list[TakenBack]:
    return [entry.taken_back for entry, _ in rows.red_letters if entry.taken_back is not None]


def _batch_of(rows: Rows, place: Place) -> list[Kept]:
    """What was sent, read back as a reader of the blob would."""
    red = {number: entry for entry, number in rows.red_letters}
    leaves = [rows.leaves[n : n + LEAF_BYTES] for n in range(0, len(rows.leaves), LEAF_BYTES)]
    stored = list(Blob(rows.payload))
    return [
        Kept(receipt, red.get(receipt.number) or _entry(one), leaf, salt_of(place.secret, serial))
        for serial, (receipt, one, leaf) in enumerate(
            zip(rows.receipts, stored, leaves, strict=True), place.first_serial
        )
    ]


def _entry(stored: Stored) -> Entry:
    """An original, as it can be told from the blob alone."""
    content = digest(stored.draft)
    totals = totals_of(pair_up(stored.amounts))
    return Entry(
        seller=stored.seller,
        key=IdempotencyKey(stored.key),
        asked=Digest(stored.asked) if stored.asked else content,
        payload=stored.draft,
        digest=content,
        amounts=tuple(stored.amounts),
        totals=totals,
        draws_fen=totals.net_fen,
    )


class MemoryQuestions:
    """What ``Sorter`` asks: of the reads, who has a key; of the credit book, what is left."""

    def __init__(self, memory: Memory, wire: Wire) -> None:
        self._memory = memory
        self._wire = wire

    async def given(self, keys: Sequence[KeyId]) -> dict[KeyId, Given]:
        return await self._wire.ask("given", lambda: self._given(frozenset(keys)))

    async def open_lines(self, sellers: Sequence[str], month: TaxMonth) -> None:
        credit = self._memory.credit
        await self._wire.ask("open lines", lambda: [credit.line(one, month) for one in sellers])

    async def open_empty_lines(self, sellers: Sequence[str], month: TaxMonth) -> None:
        credit = self._memory.credit
        await self._wire.ask(
            "open empty", lambda: [credit.open_empty(one, month) for one in sellers]
        )

    async def lefts(self, sellers: Iterable[str], month: TaxMonth) -> dict[str, int]:
        lines = self._memory.credit.lines
        asked = [(seller, month) for seller in sellers]
        return await self._wire.ask(
            "lefts", lambda: {key[0]: lines[key].left_fen for key in asked if key in lines}
        )

    def _given(self, keys: frozenset[KeyId]) -> dict[KeyId, Given]:
        every = self._memory.invoices.kept.values()
        by_id = {key_id(kept.entry.seller, kept.entry.key): kept for kept in every}
        found = {key: by_id[key] for key in keys if key in by_id}
        return {key: (kept.entry.asked, kept.receipt) for key, kept in found.items()}


class GroupLedger(MemoryLedger):
    """Records by the real group commit; reads as the ledger in memory does."""

    group_of: type[GroupCommit] = GroupCommit
    writer_of: type[MemoryWriter] = MemoryWriter

    def __init__(self, memory: Memory, wire: Wire, habits: Habits) -> None:
        super().__init__(memory, wire, habits)
        questions = cast(Any, MemoryQuestions(memory, wire))
        self._group = self.group_of(
            writer=cast(Any, self.writer_of(memory, wire, habits, self._session)),
            sorter=Sorter(questions, questions),
            clock=habits.clock,
            series_at=habits.series,
        )

    async def record(self, entry: Entry) -> Receipt:
        return await self._group.record(entry)

    def enter(self, entry: Entry, tell: Tell) -> None:
        self._group.enter(entry, tell)

    async def record_all(self, entries: Sequence[Entry]) -> list[Outcome]:
        return await self._group.submit(entries)

    def end(self) -> None:
        """The process is gone, and its group with it."""
        self._group._loop.cancel()
        super().end()


def open_group(memory: Memory, habits: Habits, wire: Wire | None = None) -> MemoryStore:
    """As ``MemoryStore.open``, with the real group commit in it."""
    wire = wire or ShortWire()
    store = MemoryStore.open(memory, habits, wire)
    return msgspec.structs.replace(store, ledger=GroupLedger(memory, wire, habits))
