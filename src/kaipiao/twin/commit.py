"""One transaction that issues a batch: fence, repeats, credit, red letters, leaves, numbers.

It is read from top to bottom because nothing runs beside it.  Whatever is wrong with an entry
is found before anything of that entry is written, so a refusal leaves no trace.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kaipiao.errors import KeyReused, Refusal
from kaipiao.fiscal.invoice import Receipt
from kaipiao.fiscal.month import TaxMonth, tax_month
from kaipiao.ports import Entry
from kaipiao.twin.credit import CreditTable
from kaipiao.twin.forms import FormTable
from kaipiao.twin.invoices import InvoiceTable, Kept, keep
from kaipiao.twin.numbers import Block, Held, Numbers
from kaipiao.twin.order import OrderTable
from kaipiao.twin.originals import OriginalTable


class Lot(msgspec.Struct, frozen=True):
    """What a process sends: entries, the block it holds, the instant, the secret of the salts."""

    entries: Sequence[Entry]
    held: Held
    issued_at: datetime
    secret: bytes


class Done(msgspec.Struct, frozen=True):
    """Outcomes of the first entries, as many as the block had room for; numbers used."""

    outcomes: list[Receipt | Refusal]
    used: int


class Committing:
    """The tables that a commit writes, together."""

    def __init__(self) -> None:
        self.numbers = Numbers()
        self.invoices = InvoiceTable()
        self.credit = CreditTable()
        self.originals = OriginalTable()
        self.forms = FormTable()
        self.order = OrderTable(self.invoices)
        self.secrets: set[bytes] = set()  # of the batches that group commit wrote

    def commit(self, lot: Lot) -> Done:
        """Issue what can be issued.  Raises Fenced: nothing was."""
        block = self.numbers.fence(lot.held)
        outcomes: list[Receipt | Refusal] = []
        batch: list[Kept] = []
        for entry in lot.entries:
            if block.next_serial > block.last_serial:
                break
            outcome = self._repeat(entry) or self.objection(entry, self.month(lot))
            if outcome is None:
                batch.append(self._issue(entry, block, lot))
                outcome = batch[-1].receipt
            outcomes.append(outcome)
        if batch:
            self.order.queue(tuple(batch), lot.issued_at)
        return Done(outcomes, len(batch))

    def month(self, lot: Lot) -> TaxMonth:
        """The month on whose lines a lot draws."""
        return tax_month(lot.issued_at)

    def _repeat(self, entry: Entry) -> Receipt | Refusal | None:
        try:
            return self.invoices.recall(entry.seller, entry.key, entry.asked)
        except KeyReused as reused:
            return reused

    def objection(self, entry: Entry, month: TaxMonth) -> Refusal | None:
        """The first reason not to issue ``entry``."""
        refusal = self.credit.objection(entry.seller, entry.draws_fen, month)
        if refusal is None and entry.taken_back is not None:
            refusal = self.originals.objection(entry.taken_back)
        if refusal is None and entry.confirmation:
            refusal = self.forms.objection(entry.confirmation)
        return refusal

    def _issue(self, entry: Entry, block: Block, lot: Lot) -> Kept:
        kept = keep(entry, block.series, block.next_serial, lot.issued_at, lot.secret)
        block.next_serial += 1
        self.invoices.add(kept)
        self.credit.draw(entry.seller, entry.draws_fen, self.month(lot))
        if entry.taken_back is not None:
            self.originals.take(entry.taken_back, kept.receipt.number)
        if entry.confirmation:
            self.forms.spend(entry.confirmation, kept.receipt.number)
        return kept
