"""What a cell answers, as this client reads it.

Members that a newer server adds are passed over; the texts of forms and refusals are the
server's own.  Amounts are whole fen, instants UTC.
"""

from datetime import datetime
from typing import Literal

import msgspec

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.violation import Violation


class Amounts(msgspec.Struct, frozen=True):
    net_fen: int
    tax_fen: int
    gross_fen: int


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """An issued invoice.  ``replayed``: it had been issued before under this very key."""

    number: str
    issued_at: datetime
    seller: str
    key: str
    digest: str
    totals: Amounts
    replayed: bool = False


class GradedReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """The proof of an invoice.  ``grade`` is the cell's word; verify the text for your own."""

    text: str
    grade: str


class Invoice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    number: str
    issued_at: datetime
    key: str
    digest: str
    draft: Draft
    lines: tuple[Amounts, ...]
    totals: Amounts
    words: str = ""
    qr: str = ""
    standing: str | None = None
    log_index: int | None = None


class InvoicePage(msgspec.Struct, frozen=True, kw_only=True):
    """``after`` is where to go on, None when this page is the last for now."""

    invoices: tuple[Invoice, ...]
    after: int | None = None
    high_water: int | None = None


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    form_id: str
    original: str
    seller: str
    buyer: str
    started_by: str
    state: str
    state_zh: str
    state_en: str
    opened_at: datetime
    changed_at: datetime
    lapses_at: datetime
    red_letter: str | None = None


class ConfirmationPage(msgspec.Struct, frozen=True, kw_only=True):
    confirmations: tuple[Confirmation, ...]
    after: str | None = None


class CreditLine(msgspec.Struct, frozen=True, kw_only=True):
    seller: str
    month: str
    limit_fen: int
    drawn_fen: int
    leased_fen: int
    left_fen: int


class CreditLines(msgspec.Struct, frozen=True):
    credit_lines: tuple[CreditLine, ...]


class RedLetters(msgspec.Struct, frozen=True):
    red_letters: tuple[str, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    answer: str
    standing: str | None = None
    checks_today: int = 0


class Key(msgspec.Struct, frozen=True, kw_only=True):
    key_id: str
    tenant: str
    name: str
    may: tuple[str, ...]
    taxpayers: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None


class Keys(msgspec.Struct, frozen=True):
    keys: tuple[Key, ...]


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """``secret`` is told this once; the server keeps only its hash."""

    key: Key
    secret: str

    def __repr__(self) -> str:
        return f"NewKey(key={self.key!r}, secret=***)"


Outcome = Literal["issued", "replayed", "refused", "unknown"]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line of a batch.

    ``unknown`` is left only by asking again with the same key, which is always safe.
    """

    line: int
    key: str
    outcome: Outcome
    number: str = ""
    issued_at: datetime | None = None
    code: str = ""
    zh: str = ""
    en: str = ""
    violations: tuple[Violation, ...] = ()
