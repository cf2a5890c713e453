"""MOF 电子凭证会计数据标准: an XBRL 2.1 instance of taxonomy ``inv`` (2021-09-30).

Only facts are read, by local name: one context and one unit (CNY) per instance, lines as
tuples.  An instance in another unit is refused rather than misread.
"""

from xml.etree.ElementTree import Element

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document, DocumentLine
from kaipiao.delivery.readers.fields import Fields
from kaipiao.fiscal.draft import Party

ROOT = "xbrl"
_TUPLE = "InformationOfTaxableGoodsOrServicesDetailItemsTuple"
_ID = "TaxpayerIdentificationNumberUnifiedSocialCreditCodeOf"


def read_xbrl(root: Element, *, where: str = "") -> Document:
    """The invoice that this instance states.

    Raises:
        Unreadable: a needed fact is missing or unreadable, or amounts are not in CNY.
    """
    all_ = Fields(root, f"{where}/{ROOT}")
    _only_invoices(all_)
    _only_yuan(all_)
    return Document(
        form="xbrl",
        code=all_.text("CodeOfInvoice"),
        number=all_.text("NumberOfInvoice"),
        check_code=all_.text("IdentifyingCode").replace(" ", ""),
        issued_on=all_.day("DateOfIssue"),
        kind="special" if "专用" in all_.text("TypeOfInvoice") else "ordinary",
        seller=_party(all_, "Seller"),
        buyer=_party(all_, "Purchaser"),
        lines=tuple(_line(line) for line in all_.each(_TUPLE)),
        net_fen=all_.amount("TotalAmountExcludingTax"),
        tax_fen=all_.amount("TotalTaxAmount"),
        gross_fen=all_.amount("TaxIncludedAmountInFigures"),
        words=all_.text("TaxIncludedAmountInWords"),
        issuer=all_.text("Issuer"),
        payee=all_.text("Payee"),
        reviewer=all_.text("Reviewer"),
        remark=all_.text("Remarks"),
        red=all_.text("TaxIncludedAmountInFigures").startswith("-"),
    )


def _only_invoices(all_: Fields) -> None:
    """The standard has other vocabularies: what a buyer books (``einv``), tickets, bank slips."""
    if not all_.text("NumberOfInvoice"):
        raise Unreadable(
            all_.where,
            zh="XBRL 不是发票开具方的 inv 实例, 可能是入账信息或其他凭证。请读取发票 XML 或 OFD。",
            en="the XBRL is no issuer's instance of `inv`: what a buyer books, or another voucher. "
            "Read the invoice's XML or OFD.",
        )


def _only_yuan(all_: Fields) -> None:
    for unit in all_.each("unit"):
        if unit.text("measure").rpartition(":")[2] != "CNY":
            raise Unreadable(
                unit.where, zh="XBRL 金额单位不是人民币。", en="the amounts are not in CNY."
            )


def _party(all_: Fields, side: str) -> Party:
    return Party(
        name=all_.text(f"NameOf{side}"),
        taxpayer_id=all_.text(f"{_ID}{side}"),
        address=all_.text(f"AddressPhoneNumberOf{side}"),
        bank=all_.text(f"DepositBankAndAccountNumberOf{side}"),
    )


def _line(line: Fields) -> DocumentLine:
    rate_bp, treatment = line.rate("TaxRate")
    return DocumentLine(
        name=line.text("NameOfTaxableGoodsOrServices"),
        spec=line.text("Specification"),
        unit=line.text("UnitOfGoodsOrServices"),
        quantity=line.decimal_if_any("QuantityOfGoodsOrServices"),
        unit_price=line.decimal_if_any("UnitPriceOfGoodsOrServices"),
        net_fen=line.amount("AmountExcludingTax"),
        rate_bp=rate_bp,
        treatment=treatment,
        tax_fen=line.amount_if_any("TaxAmount") or 0,
    )
