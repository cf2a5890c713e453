"""JSON as callers see it: snake_case, whole fen, instants in UTC with ``Z``, days as ISO dates.

These shapes are the contract of ``/v1``: a member may be added, never renamed or given another
meaning.  What callers send is in ``fiscal`` (drafts, asks) and in ``asks.py``.
"""

from datetime import datetime

import msgspec

from kaipiao.fiscal.confirmation import STATE_NAMES, Confirmation, Side, State, Use
from kaipiao.fiscal.credit import CreditLine
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import Amounts, Invoice, Receipt
from kaipiao.fiscal.month import beijing_day, format_month
from kaipiao.fiscal.qr import compose_qr
from kaipiao.fiscal.red_letter import ReversalAsk
from kaipiao.fiscal.words import write_words
from kaipiao.issuing.verify import Standing
from kaipiao.ports import ApiKey, Page
from kaipiao.regimes.cn.kinds import QR_TYPES


class AmountsView(msgspec.Struct, frozen=True, gc=False):
    """Signed: negative on a red letter."""

    net_fen: int
    tax_fen: int
    gross_fen: int


class ReceiptView(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The answer to an issuing call: the same bytes for ever."""

    number: str
    issued_at: datetime
    seller: str
    key: str
    digest: str  # SHA-256 of the canonical draft, hex
    totals: AmountsView


class InvoiceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An issued invoice.  ``standing`` is given when one invoice is asked for, not in lists."""

    number: str
    issued_at: datetime
    key: str
    digest: str
    draft: Draft
    lines: tuple[AmountsView, ...]
    totals: AmountsView
    words: str  # 价税合计大写
    qr: str  # the text of the QR code
    standing: Standing | None = None
    log_index: int | None = None  # its place in the evidence log, once it has one


class InvoicePage(msgspec.Struct, frozen=True, kw_only=True):
    """Invoices in the order of the evidence log.

    Everything below ``high_water`` is listed or never will be; go on from ``after``.
    """

    invoices: tuple[InvoiceView, ...]
    after: int | None = None
    high_water: int | None = None


class ConfirmationView(msgspec.Struct, frozen=True, kw_only=True):
    """A red-letter confirmation form (红字确认单) as it stands now."""

    form_id: str
    original: str
    seller: str
    buyer: str
    started_by: Side
    ask: ReversalAsk
    state: State
    state_zh: str
    state_en: str
    opened_at: datetime
    changed_at: datetime
    lapses_at: datetime
    red_letter: str | None


class ConfirmationPage(msgspec.Struct, frozen=True, kw_only=True):
    confirmations: tuple[ConfirmationView, ...]
    after: str | None  # continue here; null when this is all


class CreditLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A seller's credit line (授信额度) for one tax month."""

    seller: str
    month: str  # 2026-11
    limit_fen: int
    drawn_fen: int
    leased_fen: int
    left_fen: int


class UsesView(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    uses: tuple[Use, ...]


class RedLetters(msgspec.Struct, frozen=True, kw_only=True):
    """The red letters against one original, oldest first."""

    original: str
    red_letters: tuple[str, ...]


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, without its secret."""

    key_id: str
    tenant: str
    name: str
    may: tuple[str, ...]
    taxpayers: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key with its secret, which is shown this once."""

    key: KeyView
    secret: str


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    keys: tuple[KeyView, ...]


def view_amounts(amounts: Amounts) -> AmountsView:
    return AmountsView(amounts.net_fen, amounts.tax_fen, amounts.net_fen + amounts.tax_fen)


def view_receipt(receipt: Receipt) -> ReceiptView:
    return ReceiptView(
        number=receipt.number,
        issued_at=receipt.issued_at,
        seller=receipt.seller,
        key=receipt.key,
        digest=receipt.digest.hex(),
        totals=view_amounts(receipt.totals),
    )


def view_invoice(invoice: Invoice, *, standing: Standing | None = None) -> InvoiceView:
    return InvoiceView(
        number=invoice.number,
        issued_at=invoice.issued_at,
        key=invoice.key,
        digest=invoice.digest.hex(),
        draft=invoice.draft,
        lines=tuple(view_amounts(line) for line in invoice.lines),
        totals=view_amounts(invoice.totals),
        words=write_words(invoice.totals.gross_fen),
        qr=qr_of(invoice),
        standing=standing,
        log_index=invoice.log_index,
    )


def qr_of(invoice: Invoice) -> str:
    return compose_qr(
        qr_type=QR_TYPES[invoice.draft.kind],
        number=invoice.number,
        gross_fen=invoice.totals.gross_fen,
        day=beijing_day(invoice.issued_at),
    )


def view_page(page: Page) -> InvoicePage:
    return InvoicePage(
        invoices=tuple(view_invoice(invoice) for invoice in page.invoices),
        after=page.after,
        high_water=page.high_water,
    )


def view_confirmation(form: Confirmation) -> ConfirmationView:
    zh, en = STATE_NAMES[form.state]
    return ConfirmationView(
        form_id=form.form_id,
        original=form.original,
        seller=form.seller,
        buyer=form.buyer,
        started_by=form.started_by,
        ask=form.ask,
        state=form.state,
        state_zh=zh,
        state_en=en,
        opened_at=form.opened_at,
        changed_at=form.changed_at,
        lapses_at=form.lapses_at,
        red_letter=form.red_letter or None,
    )


def view_credit(line: CreditLine) -> CreditLineView:
    return CreditLineView(
        seller=line.seller,
        month=format_month(line.month),
        limit_fen=line.limit_fen,
        drawn_fen=line.drawn_fen,
        leased_fen=line.leased_fen,
        left_fen=line.left_fen,
    )


def view_key(key: ApiKey) -> KeyView:
    return KeyView(
        key_id=key.key_id,
        tenant=key.tenant,
        name=key.name,
        may=tuple(sorted(key.may)),
        taxpayers=tuple(sorted(key.taxpayers)),
        created_at=key.created_at,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
    )
