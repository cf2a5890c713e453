"""数电票 XML: root ``EInvoice``, no namespace (element names from genuine files, version 0.31).

The names hold traps, which are the format's and not ours: ``IssuItemInformation``;
``TotalTax-includedAmount`` in the totals but ``TotaltaxIncludedAmount`` in a line.  Order is
not relied upon, and other spellings are read, too (``fields``).  Optional empties are left out
by genuine issuers.  Labels and special information are kept as they are, in ``more``.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kaipiao.delivery.readers.document import Document, DocumentLine
from kaipiao.delivery.readers.fields import Fields
from kaipiao.fiscal.draft import Kind, Party

ROOT = "EInvoice"
_SPECIAL = "01"
_RED = "N"  # InIssuType: 是否蓝字发票标志
_ORIGINAL = ("OriginalInvoiceCode", "OriginalInvoiceNumber", "InvoiceNumber")
"""Of a red letter; genuine files have the first."""
_KEPT = ("Header", "SellerAuthentication", "TaxSupervisionInfo", "TaxBureauSignature")
_KEPT_DATA = ("SpecificInformation", "AdditionalInformation")


def read_einvoice(root: Element, *, where: str = "") -> Document:
    """The document that this tree is.

    Raises:
        Unreadable: a needed element is missing or does not say what it should.
    """
    all_ = Fields(root, f"{where}/{ROOT}")
    labels, data = all_.under("Header/InherentLabel"), all_.under("EInvoiceData")
    basic, tax = data.under("BasicInformation"), all_.under("TaxSupervisionInfo")
    red = data.under("SpecificInformation/RedEInvoice")
    kind: Kind = (
        "special" if labels.text("GeneralOrSpecialVAT/LabelCode") == _SPECIAL else "ordinary"
    )
    return Document(
        form="einvoice",
        number=tax.text("InvoiceNumber"),
        header_number=all_.text("Header/EIid"),
        issued_on=tax.day("IssueTime"),
        issued_at=basic.instant_if_any("RequestTime"),
        kind=kind,
        seller=_party(data.under("SellerInformation"), "Seller"),
        buyer=_party(data.under("BuyerInformation"), "Buyer"),
        lines=tuple(_line(line) for line in data.each("IssuItemInformation")),
        net_fen=basic.amount("TotalAmWithoutTax"),
        tax_fen=basic.amount("TotalTaxAm"),
        gross_fen=basic.amount("TotalTax-includedAmount"),
        words=basic.text("TotalTax-includedAmountInChinese"),
        issuer=basic.text("Drawer"),
        payee=basic.text("Payee"),
        reviewer=basic.text("Checker"),
        remark=data.text("AdditionalInformation/Remark"),
        red=labels.text("InIssuType/LabelCode") == _RED,
        version=all_.text("Header/Version"),
        signature=all_.text("TaxBureauSignature/SignatureAlgorithm"),
        more=tuple(_rest(all_, data)),
        original=next((digits for name in _ORIGINAL if (digits := _digits(red.text(name)))), ""),
    )


def _party(party: Fields, side: str) -> Party:
    return Party(
        name=party.text(f"{side}Name"),
        taxpayer_id=party.text(f"{side}IdNum"),
        address=party.text(f"{side}Addr"),
        telephone=party.text(f"{side}TelNum"),
        bank=party.text(f"{side}BankName"),
        account=party.text(f"{side}BankAccNum"),
    )


def _line(line: Fields) -> DocumentLine:
    rate_bp, treatment = line.rate("TaxRate")
    return DocumentLine(
        name=line.text("ItemName"),
        spec=line.text("SpecMod"),
        unit=line.text("MeaUnits"),
        quantity=line.decimal_if_any("Quantity"),
        unit_price=line.decimal_if_any("UnPrice"),
        net_fen=line.amount("Amount"),
        rate_bp=rate_bp,
        treatment=treatment,
        tax_fen=line.amount("ComTaxAm"),
        gross_fen=line.amount_if_any("TotaltaxIncludedAmount"),
        tax_class=line.text("TaxClassificationCode"),
    )


def _rest(all_: Fields, data: Fields) -> Iterator[tuple[str, str]]:
    """All that the sections beside parties, totals and lines say, by path."""
    for above, names in ((all_, _KEPT), (data, _KEPT_DATA)):
        for name in names:
            yield from _leaves(above.under(name).element, name)


def _leaves(element: Element, path: str) -> Iterator[tuple[str, str]]:
    text = (element.text or "").strip()
    if text:
        yield path, text
    for child in element:
        yield from _leaves(child, f"{path}/{child.tag}")


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() else ""
