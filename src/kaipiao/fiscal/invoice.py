"""Invoices (发票): what was issued, and the receipt that says so."""

from datetime import datetime
from typing import NewType

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.number import InvoiceNumber

IdempotencyKey = NewType("IdempotencyKey", str)
"""The caller's own name for one sale: 1 to 128 printable ASCII characters, unique for a seller."""


class Amounts(msgspec.Struct, frozen=True, gc=False):
    """Net and tax of one line or of a whole invoice; signed."""

    net_fen: Fen
    tax_fen: Fen

    @property
    def gross_fen(self) -> Fen:
        return Fen(self.net_fen + self.tax_fen)


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer to "did it go through?": the same bytes for ever, however often it is asked."""

    number: InvoiceNumber
    issued_at: datetime  # an instant, UTC
    seller: str
    key: IdempotencyKey
    digest: Digest  # of the invoice's canonical draft
    totals: Amounts
    replayed: bool = False  # not part of the receipt: says that this is a repeat


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """An issued invoice, original or red letter, exactly as it will stand for ever."""

    number: InvoiceNumber
    issued_at: datetime
    key: IdempotencyKey
    digest: Digest
    draft: Draft
    lines: tuple[Amounts, ...]  # one for each line of the draft
    log_index: int | None = None  # its place in the evidence log, once sequenced
    salt: bytes = b""  # opens its leaf; only for those who may see the invoice

    @property
    def totals(self) -> Amounts:
        return Amounts(
            Fen(sum(line.net_fen for line in self.lines)),
            Fen(sum(line.tax_fen for line in self.lines)),
        )
