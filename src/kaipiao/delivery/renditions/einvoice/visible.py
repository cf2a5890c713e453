"""What a 数电票 XML shows: names, order and spelling of genuine files (version 0.31).

The names hold traps, which are the format's and not ours: ``IssuItemInformation``;
``TotalTax-includedAmount`` in the totals but ``TotaltaxIncludedAmount`` in a line; the buyer's
telephone before its address.  Optional empties are left out.

Unconfirmed, for no sample shows them: where Payee and Checker stand, the buyer's bank, how the
rate of an untaxed line and a deduction are written, and the trades' elements marked so in
``elements.py``.
"""

from datetime import datetime

from kaipiao.delivery.renditions.einvoice.elements import compose_specific
from kaipiao.delivery.renditions.einvoice.markup import leaf
from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.element import ProducePurchase
from kaipiao.fiscal.invoice import Amounts, totals_of
from kaipiao.fiscal.money import BP_PER_UNIT, format_yuan
from kaipiao.fiscal.month import BEIJING
from kaipiao.fiscal.price import net_unit_price
from kaipiao.fiscal.words import write_words

VERSION = "0.31"
HIDDEN_RATE = "***"
_KINDS = {"special": ("01", "增值税专用发票"), "ordinary": ("02", "普通发票")}
UNTAXED = {"exempt": "免税", "untaxed": "不征税", "zero_rated": "零税率"}
_MARGINS = {"full": "全额开票", "difference": "差额开票"}


def compose_visible(
    number: str, issued_at: datetime, draft: Draft, amounts: tuple[Amounts, ...]
) -> str:
    """Everything between ``<EInvoice>`` and our own evidence."""
    at = issued_at.astimezone(BEIJING)
    buyer, seller = sides_of(draft)
    pieces = [
        _header(number, draft),
        "  <EInvoiceData>\n",
        _seller(seller),
        _buyer(buyer),
        _basic(at, draft, totals_of(amounts)),
        *[_line(line, own, draft) for line, own in zip(draft.lines, amounts, strict=True)],
        compose_specific(draft),
        _additional(draft),
        "  </EInvoiceData>\n",
        "  <TaxSupervisionInfo>\n",
        f"    <InvoiceNumber>{number}</InvoiceNumber>\n",
        f"    <IssueTime>{at:%Y-%m-%d}</IssueTime>\n",
        "  </TaxSupervisionInfo>\n",
    ]
    return "".join(pieces)


def sides_of(draft: Draft) -> tuple[Party, Party]:
    """Buyer and seller as documents name them; in 农产品收购 it is the buyer who issues."""
    if isinstance(draft.element, ProducePurchase):
        return draft.seller, draft.buyer
    return draft.buyer, draft.seller


def rate_text(line: Line, draft: Draft) -> str:
    """``0.13``; 免税, 不征税, 零税率; ``***`` where a deduction hides the rate."""
    if line.treatment != "taxed":
        return UNTAXED[line.treatment]
    if draft.margin == "difference":
        return HIDDEN_RATE
    whole, rest = divmod(line.rate_bp, BP_PER_UNIT)
    return f"{whole}.{rest:04}".rstrip("0").rstrip(".")


def _header(number: str, draft: Draft) -> str:
    code, name = _KINDS[draft.kind]
    blue = "Y" if draft.reversal is None else "N"
    return (
        f"  <Header>\n    <EIid>{number}</EIid>\n    <Version>{VERSION}</Version>\n"
        f"    <InherentLabel>\n{_label('InIssuType', blue, '是否蓝字发票标志')}"
        f"{_label('EInvoiceType', '01', '电子发票')}{_label('GeneralOrSpecialVAT', code, name)}"
        "    </InherentLabel>\n  </Header>\n"
    )


def _label(name: str, code: str, text: str) -> str:
    return (
        f"      <{name}>\n        <LabelCode>{code}</LabelCode>\n"
        f"        <LabelName>{text}</LabelName>\n      </{name}>\n"
    )


def _seller(party: Party) -> str:
    return (
        "    <SellerInformation>\n"
        f"{leaf('SellerIdNum', party.taxpayer_id)}{leaf('SellerName', party.name)}"
        f"{leaf('SellerAddr', party.address)}{leaf('SellerTelNum', party.telephone)}"
        f"{leaf('SellerBankName', party.bank)}{leaf('SellerBankAccNum', party.account)}"
        "    </SellerInformation>\n"
    )


def _buyer(party: Party) -> str:
    return (
        "    <BuyerInformation>\n"
        f"{leaf('BuyerIdNum', party.taxpayer_id)}{leaf('BuyerName', party.name)}"
        f"{leaf('BuyerTelNum', party.telephone)}{leaf('BuyerAddr', party.address)}"
        f"{leaf('BuyerBankName', party.bank)}{leaf('BuyerBankAccNum', party.account)}"
        "    </BuyerInformation>\n"
    )


def _basic(at: datetime, draft: Draft, totals: Amounts) -> str:
    gross_fen = totals.gross_fen
    return (
        "    <BasicInformation>\n"
        f"      <TotalAmWithoutTax>{format_yuan(totals.net_fen)}</TotalAmWithoutTax>\n"
        f"      <TotalTaxAm>{format_yuan(totals.tax_fen)}</TotalTaxAm>\n"
        f"      <TotalTax-includedAmount>{format_yuan(gross_fen)}</TotalTax-includedAmount>\n"
        f"{leaf('TotalTax-includedAmountInChinese', write_words(gross_fen))}"
        f"{leaf('Drawer', draft.issuer)}{leaf('Payee', draft.payee)}"
        f"{leaf('Checker', draft.reviewer)}"
        f"      <RequestTime>{at:%Y-%m-%d %H:%M:%S}</RequestTime>\n"
        "    </BasicInformation>\n"
    )


def _line(line: Line, own: Amounts, draft: Draft) -> str:
    return (
        f"    <IssuItemInformation>\n{leaf('ItemName', line.name)}{leaf('SpecMod', line.spec)}"
        f"{leaf('MeaUnits', line.unit)}{leaf('Quantity', line.quantity)}"
        f"{leaf('UnPrice', net_unit_price(line, own.net_fen))}"
        f"      <Amount>{format_yuan(own.net_fen)}</Amount>\n"
        f"      <TaxRate>{rate_text(line, draft)}</TaxRate>\n"
        f"      <ComTaxAm>{format_yuan(own.tax_fen)}</ComTaxAm>\n"
        f"      <TotaltaxIncludedAmount>{format_yuan(own.gross_fen)}</TotaltaxIncludedAmount>\n"
        f"      <TaxClassificationCode>{line.tax_class}</TaxClassificationCode>\n"
        "    </IssuItemInformation>\n"
    )


def _additional(draft: Draft) -> str:
    inside = leaf("Remark", draft.remark)
    if draft.margin != "none":
        inside += _more("差额征税", _MARGINS[draft.margin])
    if deducted_fen := sum(line.deduction_fen for line in draft.lines):
        inside += _more("扣除额", format_yuan(deducted_fen))
    if not inside:
        return "    <AdditionalInformation/>\n"
    return f"    <AdditionalInformation>\n{inside}    </AdditionalInformation>\n"


def _more(name: str, value: str) -> str:
    return (
        f"      <Additional>\n  {leaf('Information', name)}  {leaf('InformationValue', value)}"
        "      </Additional>\n"
    )
