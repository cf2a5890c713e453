"""Verify an invoice by its fields (查验): is there such an invoice, and does it say this?

Whoever asks learns only yes or no about fields they already know.
"""

from datetime import date
from typing import Literal

import msgspec

from kaipiao.errors import VerifyLimitReached
from kaipiao.fiscal.draft import Kind
from kaipiao.fiscal.invoice import Amounts, Invoice, totals_of
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import parse_number
from kaipiao.ports import Clock, Ledger, VerifyCounter

Standing = Literal["issued", "reversed-in-part", "reversed-wholly", "red-letter"]
Answer = Literal["valid", "no-such-invoice", "does-not-match"]


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is printed on the invoice in the asker's hand."""

    number: str
    issued_on: date  # Beijing day
    gross_fen: int  # 价税合计
    kind: Kind


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer; ``standing`` only when the fields match."""

    answer: Answer
    standing: Standing | None = None
    checks_today: int = 0


class Verifying:
    """Answers questions about invoices, at most ``daily_limit`` a day for each number."""

    def __init__(
        self, *, ledger: Ledger, counter: VerifyCounter, clock: Clock, daily_limit: int
    ) -> None:
        self._ledger = ledger
        self._counter = counter
        self._clock = clock
        self._daily_limit = daily_limit

    async def verify(self, question: Question) -> Finding:
        """Answer one question.

        Raises:
            VerifyLimitReached: this number was asked about too often today.
        """
        try:
            number = parse_number(question.number)
        except ValueError:
            return Finding(answer="no-such-invoice")
        today = beijing_day(self._clock.now())
        checks = await self._counter.count_check(number, day=today)
        if checks > self._daily_limit:
            raise VerifyLimitReached(limit=self._daily_limit)
        invoice = await self._ledger.read(number)
        if invoice is None:
            return Finding(answer="no-such-invoice", checks_today=checks)
        if not _matches(invoice, question):
            return Finding(answer="does-not-match", checks_today=checks)
        return Finding(answer="valid", standing=await self.standing(invoice), checks_today=checks)

    async def standing(self, invoice: Invoice) -> Standing:
        """Whether an invoice still stands, in whole or in part."""
        if invoice.draft.reversal is not None:
            return "red-letter"
        taken: dict[int, Amounts] = await self._ledger.taken_back(invoice.number)
        if not taken:
            return "issued"
        wholly = totals_of(taken.values()) == invoice.totals
        return "reversed-wholly" if wholly else "reversed-in-part"


def _matches(invoice: Invoice, question: Question) -> bool:
    return (
        invoice.draft.kind == question.kind
        and beijing_day(invoice.issued_at) == question.issued_on
        and invoice.totals.gross_fen == question.gross_fen
    )
