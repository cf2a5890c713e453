"""Issued invoices for the tests of renditions, made from drafts without a ledger."""

from datetime import UTC, datetime

from kaipiao.base.canonical import canonical, digest
from kaipiao.delivery.renditions.source import Imprint, Source
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.settle import settle

IMPRINT = Imprint(platform="示例开票平台", verify_url="https://fapiao.example/verify")
NUMBER = InvoiceNumber("26311000000000000042")
ISSUED_AT = datetime(2026, 11, 25, 2, 3, 4, tzinfo=UTC)


def issued(draft: Draft, number: str = NUMBER) -> Invoice:
    return Invoice(
        number=InvoiceNumber(number),
        issued_at=ISSUED_AT,
        key=IdempotencyKey("order-1"),
        digest=digest(canonical(draft)),
        draft=draft,
        lines=settle(draft),
    )


def source_of(draft: Draft, receipt: bytes = b"") -> Source:
    return Source(invoice=issued(draft), imprint=IMPRINT, receipt=receipt)
