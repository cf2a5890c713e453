"""MOF 电子凭证会计数据标准: an XBRL 2.1 instance of taxonomy ``inv`` (2021-09-30), for ledgers.

Names, order, context and unit are those of a genuine instance found inside an OFD.  That one is
of the device era, so for digital invoices two things are unconfirmed: that the number alone
stands for code and number, and the codes of NatureOfInvoiceLine.  Empty facts are left out.
"""

from kaipiao.delivery.renditions.einvoice.markup import escape
from kaipiao.delivery.renditions.einvoice.visible import HIDDEN_RATE, UNTAXED, sides_of
from kaipiao.delivery.renditions.make import Press
from kaipiao.delivery.renditions.source import Source
from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.price import net_unit_price
from kaipiao.fiscal.words import write_words

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<xbrl xmlns="http://www.xbrl.org/2003/instance"'
    ' xmlns:inv="http://xbrl.mof.gov.cn/taxonomy/2021-09-30/inv"'
    ' xmlns:link="http://www.xbrl.org/2003/linkbase"'
    ' xmlns:iso4217="http://www.xbrl.org/2003/iso4217"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink">\n'
    '<link:schemaRef xlink:type="simple" xlink:href="inv_issuer_entry_point_2021-09-30.xsd"/>\n'
)
_UNIT = '<unit id="u1"><measure>iso4217:CNY</measure></unit>\n'
_ID = "TaxpayerIdentificationNumberUnifiedSocialCreditCodeOf"
_TUPLE = "InformationOfTaxableGoodsOrServicesDetailItemsTuple"
_TYPES = {"special": "电子发票（增值税专用发票）", "ordinary": "电子发票（普通发票）"}
_NATURES = {"normal": "00", "discount": "01", "discounted": "02"}


def render(source: Source, press: Press) -> bytes:
    return render_xbrl(source)


def render_xbrl(source: Source) -> bytes:
    """The instance: the same source, the same bytes."""
    invoice = source.invoice
    draft, day = invoice.draft, beijing_day(invoice.issued_at).isoformat()
    buyer, seller = sides_of(draft)
    lines = zip(draft.lines, invoice.lines, strict=True)
    return "".join(
        (
            _HEAD,
            _context(draft.seller.taxpayer_id, day),
            _UNIT,
            _text("TypeOfInvoice", _TYPES[draft.kind]),
            _text("UniqueCodeOfInvoice", invoice.number),
            _text("NumberOfInvoice", invoice.number),
            _text("DateOfIssue", day),
            _party(buyer, "Purchaser"),
            _totals(invoice.totals),
            *(_line(line, own, draft) for line, own in lines),
            _party(seller, "Seller"),
            _text("Remarks", draft.remark),
            _text("Payee", draft.payee),
            _text("Reviewer", draft.reviewer),
            _text("Issuer", draft.issuer),
            "</xbrl>\n",
        )
    ).encode()


def _context(taxpayer: str, day: str) -> str:
    return (
        '<context id="c1"><entity><identifier scheme="http://xbrl.mof.gov.cn">'
        f"{escape(taxpayer)}</identifier></entity><period><instant>{day}</instant></period>"
        "</context>\n"
    )


def _party(party: Party, side: str) -> str:
    return (
        _text(f"NameOf{side}", party.name)
        + _text(f"{_ID}{side}", party.taxpayer_id)
        + _text(f"AddressPhoneNumberOf{side}", f"{party.address} {party.telephone}".strip())
        + _text(f"DepositBankAndAccountNumberOf{side}", f"{party.bank} {party.account}".strip())
    )


def _totals(totals: Amounts) -> str:
    gross_fen = totals.gross_fen
    return (
        _amount("TotalAmountExcludingTax", totals.net_fen)
        + _amount("TotalTaxAmount", totals.tax_fen)
        + _text("TaxIncludedAmountInWords", write_words(gross_fen))
        + _amount("TaxIncludedAmountInFigures", gross_fen)
    )


def _line(line: Line, own: Amounts, draft: Draft) -> str:
    return (
        f"<inv:{_TUPLE}>\n"
        f"{_text('NatureOfInvoiceLine', _NATURES[line.nature])}"
        f"{_text('NameOfTaxableGoodsOrServices', line.name)}"
        f"{_text('Specification', line.spec)}{_text('UnitOfGoodsOrServices', line.unit)}"
        f"{_number('QuantityOfGoodsOrServices', line.quantity)}"
        f"{_number('UnitPriceOfGoodsOrServices', net_unit_price(line, own.net_fen))}"
        f"{_amount('AmountExcludingTax', own.net_fen)}{_text('TaxRate', _rate(line, draft))}"
        f"{_amount('TaxAmount', own.tax_fen)}</inv:{_TUPLE}>\n"
    )


def _rate(line: Line, draft: Draft) -> str:
    if line.treatment != "taxed":
        return UNTAXED[line.treatment]
    if draft.margin == "difference":
        return HIDDEN_RATE
    return f"{line.rate_bp // 100}.{line.rate_bp % 100:02}%"


def _text(name: str, text: str) -> str:
    return f'<inv:{name} contextRef="c1">{escape(text)}</inv:{name}>\n' if text else ""


def _amount(name: str, fen: int) -> str:
    return _fact(name, format_yuan(fen), decimals="2")


def _number(name: str, decimal: str) -> str:
    return _fact(name, decimal, decimals="INF") if decimal else ""


def _fact(name: str, value: str, *, decimals: str) -> str:
    return f'<inv:{name} contextRef="c1" unitRef="u1" decimals="{decimals}">{value}</inv:{name}>\n'
