"""Parts with one bug each, for the storm to find.  None of them is in the product.

A bug overrides as little as it can of one good part; the rest of the cell is real.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.errors import ConfirmationRefused, CreditLineMissing, Refusal, RulesBroken
from kaipiao.fiscal.confirmation import Action, Confirmation, Side, allowed
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice, Receipt
from kaipiao.fiscal.money import divide_half_up
from kaipiao.fiscal.month import TaxMonth, tax_month
from kaipiao.fiscal.number import Series
from kaipiao.fiscal.red_letter import LineTaken, ReversalAsk, TakenBack
from kaipiao.fiscal.violation import Violation
from kaipiao.issuing.confirm import Confirming
from kaipiao.issuing.issue import Issuing
from kaipiao.issuing.reverse import Reversing
from kaipiao.ledger import writer
from kaipiao.ledger.batch import Place
from kaipiao.ledger.group import GroupCommit
from kaipiao.ledger.queue import Item
from kaipiao.ports import Entry, Outcome, Page
from kaipiao.twin.cell import Desk, Parts, StormyDisk
from kaipiao.twin.commit import Lot
from kaipiao.twin.credit import CreditTable
from kaipiao.twin.forms import FormTable
from kaipiao.twin.group import GroupLedger, MemoryWriter
from kaipiao.twin.invoices import InvoiceTable, Kept, keep
from kaipiao.twin.memory import Habits, Memory, MemoryLedger, MemoryStore
from kaipiao.twin.numbers import Block, Held, Numbers
from kaipiao.twin.order import MemoryOrder, OrderTable
from kaipiao.twin.originals import OriginalTable
from kaipiao.twin.wire import Wire


def with_tables(**tables: type[Any]) -> Parts:
    """A cell with some other tables in its database."""

    def build() -> Memory:
        memory = Memory()
        for name, table in tables.items():
            setattr(memory, name, table())
        memory.order = OrderTable(memory.invoices)
        return memory

    return Parts(memory=build)


def with_ledger(ledger: type[MemoryLedger]) -> Parts:
    """A cell whose processes speak to the database in another way."""

    def open_store(memory: Memory, habits: Habits, wire: Wire) -> MemoryStore:
        good = MemoryStore.open(memory, habits, wire)
        return msgspec.structs.replace(good, ledger=ledger(memory, wire, habits))

    return Parts(store=open_store)


def with_order(order: type[MemoryOrder]) -> Parts:
    def open_store(memory: Memory, habits: Habits, wire: Wire) -> MemoryStore:
        good = MemoryStore.open(memory, habits, wire)
        return msgspec.structs.replace(good, order=order(memory.order, wire))

    return Parts(store=open_store)


# ---- processes -------------------------------------------------------------------------------


class AnswersFirst(MemoryLedger):
    """Says yes when the invoice is on its way, not when it is durable."""

    async def record(self, entry: Entry) -> Receipt:
        given = await self.recall(entry.seller, entry.key, asked=entry.asked)
        if given is not None or self._held is None or self._held.room == 0:
            return await super().record(entry)
        held, now = self._held, self._habits.clock.now()
        recording = asyncio.ensure_future(super().record(entry))
        recording.add_done_callback(lambda done: done.cancelled() or done.exception())
        return keep(entry, held.series, held.next_serial, now, bytes(32)).receipt


class WritesKeysLater(MemoryLedger):
    """Remembers the keys of a lot in a second transaction, if it hears of the first."""

    async def _commit_some(self, entries: Sequence[Entry]) -> list[Receipt | Refusal]:
        outcomes = await super()._commit_some(entries)
        invoices = self._memory.invoices
        new = [one.number for one in outcomes if isinstance(one, Receipt) and not one.replayed]
        if new:
            await self._wire.ask("keys", lambda: [invoices.index(number) for number in new])
        return outcomes


class KeysApart(InvoiceTable):
    def add(self, kept: Kept) -> None:
        self.kept[kept.receipt.number] = kept

    def index(self, number: str) -> None:
        kept = self.kept[number]
        self._by_key[kept.entry.seller, kept.entry.key] = kept


class LooksAtCreditFirst(MemoryLedger):
    """Looks at the credit line in one transaction, and draws without looking in another."""

    async def record_all(self, entries: Sequence[Entry]) -> list[Outcome]:
        month, credit = tax_month(self._habits.clock.now()), self._memory.credit
        first = entries[0]
        refusal = await self._wire.ask(
            "look", lambda: CreditTable.objection(credit, first.seller, first.draws_fen, month)
        )
        return [refusal for _ in entries] if refusal else await super().record_all(entries)


class DrawsBlindly(CreditTable):
    def objection(self, seller: str, draws_fen: int, month: TaxMonth) -> Refusal | None:
        return None if self.line(seller, month) else CreditLineMissing(seller=seller)


class PlansBeforeItRemembers(MemoryLedger):
    """A repeat of a red letter is planned anew, against what is left since the first."""

    async def recall(self, seller: str, key: IdempotencyKey, *, asked: Digest) -> Receipt | None:
        return None


class TwoStepOrder(MemoryOrder):
    """Takes the batches out of the queue, and gives them places in a second transaction."""

    async def sequence(self) -> int:
        batches = await self._wire.ask("withdraw", self._table.withdraw)
        return await self._wire.ask("place", lambda: self._table.place(batches))


class TakesDoubtForYes(MemoryWriter):
    """An answer was lost; surely it was a yes."""

    async def settle(self, place: Place, block: writer.Block) -> bool:
        self.block = None
        return True


class RefusesWhoeverIsPoor(GroupCommit):
    """A line that is used up refuses also what was issued on it before.  Once it was ours."""

    async def _refuse_poor(self, items: list[Item]) -> list[Item]:
        draws = [(item.entry.seller, item.entry.draws_fen) for item in items]
        refusals = await self._sorter.poor(draws, self._clock.now())
        for place, refusal in refusals.items():
            self._queue.resolve(items[place], refusal)
        return [item for place, item in enumerate(items) if place not in refusals]


class StrictGroup(GroupLedger):
    group_of = RefusesWhoeverIsPoor


class BoldGroup(GroupLedger):
    writer_of = TakesDoubtForYes


# ---- tables ----------------------------------------------------------------------------------


class KeepsTheCredit(CreditTable):
    """A red letter gives nothing back."""

    def draw(self, seller: str, draws_fen: int, month: TaxMonth) -> None:
        super().draw(seller, max(0, draws_fen), month)


class GreenwichMonth(Memory):
    """The tax month begins at midnight in Greenwich."""

    def month(self, lot: Lot) -> TaxMonth:
        return TaxMonth(lot.issued_at.year * 100 + lot.issued_at.month)


class StartsBlocksAnew(Numbers):
    """Whoever carries on a dead holder's block begins at its beginning."""

    def take(self, series: Series, size: int, session: int) -> Held:
        held = super().take(series, size, session)
        block = self.blocks[held.block]
        block.next_serial = block.first_serial
        return msgspec.structs.replace(held, next_serial=block.first_serial, room=size)


class BelievesTheHolder(Numbers):
    """No fence: a lot goes where its sender believes that the block stands."""

    def fence(self, held: Held) -> Block:
        block = self.blocks[held.block]
        block.next_serial = held.next_serial
        return block


class SpendsTwice(FormTable):
    """A form that was agreed may be spent again."""

    def objection(self, form_id: str) -> Refusal | None:
        form = self.forms.get(form_id)
        if form is not None and form.state in ("01", "04"):
            return None
        return ConfirmationRefused(state="-", action="reverse", allowed="-")


class OverwritesForms(FormTable):
    """Whoever changes a form last is right."""

    def advance(self, before: Confirmation, after: Confirmation) -> bool:
        stored = self.forms[before.form_id]
        self.forms[before.form_id] = msgspec.structs.replace(
            stored, state=after.state, changed_at=after.changed_at
        )
        return True


class CountsNothing(OriginalTable):
    """Trusts the use case to know what is left; two at once both believe it."""

    def _fits(self, original: str, line: LineTaken) -> bool:
        return True


class OverlooksUses(OriginalTable):
    """Trusts the use case to know that nobody used the original in between."""

    def objection(self, taken: TakenBack) -> Refusal | None:
        return super().objection(msgspec.structs.replace(taken, agreed=True))


class AnswersAnyone(InvoiceTable):
    """A key gets its receipt, whatever is asked under it."""

    def recall(self, seller: str, key: IdempotencyKey, asked: Digest) -> Receipt | None:
        kept = self.find_key(seller, key)
        return msgspec.structs.replace(kept.receipt, replayed=True) if kept else None


class PagesUpToTheEnd(InvoiceTable):
    """The high water is all that is committed, not all that has its place."""

    def page(
        self, seller: str, since: date | None, until: date | None, after: int, limit: int
    ) -> Page:
        page = super().page(seller, since, until, after, limit)
        return msgspec.structs.replace(page, high_water=len(self.kept))


class LyingDisk(StormyDisk):
    """Says that it forced to the platter what is still in its cache."""

    def sync(self, names: Sequence[str]) -> None:
        for _ in names:
            self._burn()


# ---- use cases -------------------------------------------------------------------------------


class UnsaysYes(Issuing):
    """A new law refuses what was issued under the old one."""

    async def _recall_or_refuse(
        self, draft: Draft, key: IdempotencyKey, objections: list[Violation]
    ) -> Receipt:
        raise RulesBroken(objections)


class RoundsEachShare(Reversing):
    """Each red letter takes its own rounded share of the tax; nobody takes what remains."""

    async def _plan(self, original: Invoice, ask: ReversalAsk, *, agreed: bool) -> TakenBack:
        plan = await super()._plan(original, ask, agreed=agreed)
        return msgspec.structs.replace(plan, lines=tuple(_share(line) for line in plan.lines))


def _share(line: LineTaken) -> LineTaken:
    tax_fen = divide_half_up(line.of_tax_fen * line.net_fen, line.of_net_fen)
    return msgspec.structs.replace(line, tax_fen=tax_fen)


class NeverLapses(Confirming):
    """Takes the stored state for the state, however long ago it was stored."""

    async def act(self, form_id: str, action: Action, *, side: Side | None) -> Confirmation:
        form = await self._confirmations.read(form_id)
        if form is None or action not in allowed(form, side):
            return await super().act(form_id, action, side=side)
        state = allowed(form, side)[action]
        after = msgspec.structs.replace(form, state=state, changed_at=self._clock.now())
        await self._confirmations.advance(form, after)
        return after


class ForgetfulDesk(Desk):
    issuing_of = UnsaysYes


class RoundingDesk(Desk):
    reversing_of = RoundsEachShare


class PatientDesk(Desk):
    confirming_of = NeverLapses


def _together(tables: Parts, ledger: Parts) -> Parts:
    return Parts(memory=tables.memory, store=ledger.store)


BUGS: dict[str, Parts] = {
    "answers before it has recorded": with_ledger(AnswersFirst),
    "takes a doubt for a yes": with_ledger(BoldGroup),
    "refuses a repeat when the line is used up": with_ledger(StrictGroup),
    "forgets the key when an answer is lost": _together(
        with_tables(invoices=KeysApart), with_ledger(WritesKeysLater)
    ),
    "answers a key whatever is asked under it": with_tables(invoices=AnswersAnyone),
    "plans a repeated red letter anew": with_ledger(PlansBeforeItRemembers),
    "a new law unsays an old yes": Parts(desk=ForgetfulDesk),
    "looks at the credit line before it draws": _together(
        with_tables(credit=DrawsBlindly), with_ledger(LooksAtCreditFirst)
    ),
    "a red letter gives no credit back": with_tables(credit=KeepsTheCredit),
    "the month begins in Greenwich": Parts(memory=GreenwichMonth),
    "a dead holder's block begins anew": with_tables(numbers=StartsBlocksAnew),
    "a block has no fence": with_tables(numbers=BelievesTheHolder),
    "two red letters pass zero together": with_tables(originals=CountsNothing),
    "each red letter rounds its own tax": Parts(desk=RoundingDesk),
    "a use recorded in between is overlooked": with_tables(originals=OverlooksUses),
    "a form is spent twice": with_tables(forms=SpendsTwice),
    "a form is overwritten by whoever is last": with_tables(forms=OverwritesForms),
    "a form is confirmed after its 72 hours": Parts(desk=PatientDesk),
    "leaves are lost between two steps of ordering": with_order(TwoStepOrder),
    "a page claims more than has its place": with_tables(invoices=PagesUpToTheEnd),
    "a disk lies about what it forced": Parts(disk=LyingDisk),
}

FOUND_BY = {
    "answers before it has recorded": 0,
    "takes a doubt for a yes": 0,
    "refuses a repeat when the line is used up": 0,
    "forgets the key when an answer is lost": 0,
    "answers a key whatever is asked under it": 0,
    "plans a repeated red letter anew": 0,
    "a new law unsays an old yes": 1,
    "looks at the credit line before it draws": 0,
    "a red letter gives no credit back": 0,
    "the month begins in Greenwich": 0,
    "a dead holder's block begins anew": 0,
    "a block has no fence": 0,
    "two red letters pass zero together": 1,
    "each red letter rounds its own tax": 2,
    "a use recorded in between is overlooked": 1,
    "a form is spent twice": 1,
    "a form is overwritten by whoever is last": 11,
    "a form is confirmed after its 72 hours": 0,
    "leaves are lost between two steps of ordering": 0,
    "a page claims more than has its place": 0,
    "a disk lies about what it forced": 1,
}
"""The first seed that finds each bug; a change of the story may move it."""
