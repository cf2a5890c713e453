"""What any invoice document says, whichever format it came in.

Plain facts, as read: nothing here has been judged.  Amounts are whole fen, rates whole basis
points, quantities and unit prices the decimal text of the document.  What a format does not
carry is empty, or ``None`` for an amount.
"""

from datetime import date, datetime
from itertools import pairwise
from typing import Literal

import msgspec

from kaipiao.delivery.readers.seal_check import SealCheck
from kaipiao.fiscal.draft import Draft, Kind, Line, Nature, Party, Reversal, Treatment

Form = Literal["einvoice", "vat2019", "xbrl", "ofd-tags"]
"""数电票 XML; the XML inside OFDs of the device era; MOF XBRL ``inv``; OFD custom tags alone."""


class DocumentLine(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line.  ``rate_bp`` is None where the document prints ``***`` (差额) or nothing."""

    name: str
    net_fen: int
    tax_fen: int
    rate_bp: int | None
    gross_fen: int | None = None
    treatment: Treatment = "taxed"
    tax_class: str = ""
    spec: str = ""
    unit: str = ""
    quantity: str = ""
    unit_price: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice as a document tells it.

    ``number`` is twenty digits, or eight with a ``code`` (发票代码) of ten or twelve before the
    digital invoice.  ``shown`` is what the visible page says, by field, where tags tell.
    """

    form: Form
    number: str
    issued_on: date
    seller: Party
    buyer: Party
    lines: tuple[DocumentLine, ...]
    net_fen: int
    tax_fen: int
    gross_fen: int
    kind: Kind = "ordinary"
    code: str = ""
    check_code: str = ""  # 校验码, device era
    header_number: str = ""  # 数电票: EIid, which should equal the number
    issued_at: datetime | None = None  # Beijing time
    words: str = ""  # 价税合计大写
    issuer: str = ""
    payee: str = ""
    reviewer: str = ""
    remark: str = ""
    red: bool = False
    original: str = ""  # of a red letter, where the document names it
    qr: str = ""
    version: str = ""  # of the format, as it says
    signature: str = ""  # algorithm of a signature inside the XML or PDF, which is not checked
    pages: int = 0  # of an OFD or a PDF
    templates: int = 0  # of an OFD: page templates (模板页)
    attachments: tuple[str, ...] = ()  # paths in an OFD, names in a PDF
    read_from: tuple[str, ...] = ()  # which parts of a package said all this
    seals: tuple[SealCheck, ...] = ()
    shown: tuple[tuple[str, str], ...] = ()
    more: tuple[tuple[str, str], ...] = ()  # all else that it says, by path


def to_draft(document: Document) -> Draft:
    """The document as if it were asked of us, so that the law can be put to it."""
    reversal = Reversal(original=document.original, reason="", lines=()) if document.red else None
    natures = _natures(document)
    return Draft(
        kind=document.kind,
        seller=document.seller,
        buyer=document.buyer,
        lines=tuple(map(_line, document.lines, natures)),
        issuer=document.issuer,
        payee=document.payee,
        reviewer=document.reviewer,
        remark=document.remark,
        margin="difference" if any(ln.rate_bp is None for ln in document.lines) else "none",
        reversal=reversal,
    )


def _natures(document: Document) -> list[Nature]:
    """Documents do not say which line is a discount: one below zero, after one like it."""
    natures: list[Nature] = ["normal"] * len(document.lines)
    if not document.red:
        for place, (above, line) in enumerate(pairwise(document.lines), 1):
            if line.net_fen < 0 <= above.net_fen and line.name == above.name:
                natures[place - 1 : place + 1] = ["discounted", "discount"]
    return natures


def _line(line: DocumentLine, nature: Nature) -> Line:
    return Line(
        name=line.name,
        tax_class=line.tax_class,
        rate_bp=line.rate_bp or 0,
        net_fen=line.net_fen,
        gross_fen=line.gross_fen,
        tax_fen=line.tax_fen,
        spec=line.spec,
        unit=line.unit,
        quantity=line.quantity,
        unit_price=line.unit_price,
        nature=nature,
        treatment=line.treatment,
    )
