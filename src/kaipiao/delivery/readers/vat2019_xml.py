"""The XML inside OFDs of the device era: root ``eInvoice``, namespace …/e-invoice/2019.

An invoice of that time has a code (发票代码) and an eight-digit number, a check code (校验码)
and its QR text in ``GraphCode``.  Address with telephone, and bank with account, are one text
each.  There is no 税收分类编码.
"""

from xml.etree.ElementTree import Element

from kaipiao.delivery.readers.document import Document, DocumentLine
from kaipiao.delivery.readers.fields import Fields
from kaipiao.fiscal.draft import Kind, Party

ROOT = "eInvoice"
_SPECIAL_QR_TYPES = frozenset({"01", "08"})


def read_vat2019(root: Element, *, where: str = "") -> Document:
    """The document that this tree is.

    Raises:
        Unreadable: a needed element is missing or does not say what it should.
    """
    all_ = Fields(root, f"{where}/{ROOT}")
    qr = all_.text("GraphCode")
    kind: Kind = (
        "special" if qr.split(",")[1:2] and qr.split(",")[1] in _SPECIAL_QR_TYPES else ("ordinary")
    )
    return Document(
        form="vat2019",
        code=all_.text("InvoiceCode"),
        number=all_.text("InvoiceNo"),
        check_code=all_.text("InvoiceCheckCode").replace(" ", ""),
        issued_on=all_.day("IssueDate"),
        kind=kind,
        seller=_party(all_.under("Seller"), "Seller"),
        buyer=_party(all_.under("Buyer"), "Buyer"),
        lines=tuple(_line(line) for line in all_.each("GoodsInfos/GoodsInfo")),
        net_fen=all_.amount("TaxExclusiveTotalAmount"),
        tax_fen=all_.amount("TaxTotalAmount"),
        gross_fen=all_.amount("TaxInclusiveTotalAmount"),
        words=all_.text("TaxInclusiveTotalAmountWithWords"),
        issuer=all_.text("InvoiceClerk"),
        payee=all_.text("Payee"),
        reviewer=all_.text("Checker"),
        remark=all_.text("Note"),
        red=all_.text("TaxInclusiveTotalAmount").startswith("-"),
        qr=qr,
    )


def _party(party: Fields, side: str) -> Party:
    return Party(
        name=party.text(f"{side}Name"),
        taxpayer_id=party.text(f"{side}TaxID"),
        address=party.text(f"{side}AddrTel"),
        bank=party.text(f"{side}FinancialAccount"),
    )


def _line(line: Fields) -> DocumentLine:
    rate_bp, treatment = line.rate("TaxScheme")
    net_fen = line.amount("Amount")
    return DocumentLine(
        name=line.text("Item"),
        spec=line.text("Specification"),
        unit=line.text("MeasurementDimension"),
        quantity=line.decimal_if_any("Quantity"),
        unit_price=line.decimal_if_any("Price"),
        net_fen=net_fen,
        rate_bp=rate_bp,
        treatment=treatment,
        tax_fen=line.amount_if_any("TaxAmount") or 0,
    )
