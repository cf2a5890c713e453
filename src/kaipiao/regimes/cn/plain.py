"""Plain drafts: a quick certain yes, so that the rules need not run for every invoice.

A platform checks tens of thousands of invoices a second and nearly all of them are in order.
``is_plain`` looks once over a draft and says True only if *no rule has anything to say*, not
even a warning.  False means nothing but "ask the rules".  It knows the common case, prices
with or without tax, discounts and given taxes; margins, red letters and long texts are
always left to the rules.  Tests hold the two together: a plain draft breaks no rule.
"""

from functools import lru_cache

from kaipiao.fiscal.decimals import FEN_PRODUCT, read_decimal
from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.tax import tax_on_net
from kaipiao.fiscal.taxpayer import has_right_check
from kaipiao.regimes.cn.law import Law
from kaipiao.regimes.cn.limits import LINES_MAX
from kaipiao.regimes.cn.line_rules import is_item_name, is_tax_class
from kaipiao.regimes.cn.printable import is_plainly_shown

AMOUNT_MAX = 10**14
"""A trillion yuan: 2000 lines of it still fit number(18,2)."""


def is_plain(draft: Draft, law: Law) -> bool:
    """Whether no rule but those of its element can object to this draft of our own."""
    buyer, lines = draft.buyer, draft.lines
    if not (
        draft.reversal is None
        and draft.margin == "none"
        and 0 < len(lines) <= LINES_MAX
        and _is_plain_seller(draft.seller)
        and _is_plain_party(buyer)
        and draft.seller.taxpayer_id
        and buyer.taxpayer_id != draft.seller.taxpayer_id
        and (draft.kind == "ordinary" or (buyer.taxpayer_id and not buyer.natural_person))
    ):
        return False
    people, remark = draft.issuer + draft.payee + draft.reviewer, draft.remark
    return (
        draft.issuer[:1] > " "
        and len(people) <= 75
        and len(remark) <= 200
        and is_plainly_shown(people + remark)
        and _are_plain_lines(draft, law)
    )


def _is_plain_party(party: Party) -> bool:
    name, bank, account, telephone = party.name, party.bank, party.account, party.telephone
    texts = party.address + bank + account + telephone
    return (
        name[:1] > " "
        and len(name) <= 100
        and len(texts) <= 300
        and len(bank) <= 120
        and len(account) <= 50
        and len(telephone) <= 60
        and is_plainly_shown(name + texts)
        and (not party.taxpayer_id or has_right_check(party.taxpayer_id))
    )


_is_plain_seller = lru_cache(maxsize=16_384)(_is_plain_party)
"""Remembered: a seller comes again all day, a buyer often does not."""


@lru_cache(maxsize=65_536)
def _is_plain_goods(name: str, spec: str, unit: str, tax_class: str) -> bool:
    """Remembered, because a seller sells the same things all day."""
    return (
        len(name) <= 100
        and len(spec) <= 40
        and len(unit) <= 22
        and is_plainly_shown(name + spec + unit)
        and is_item_name(name)
        and is_tax_class(tax_class)
    )


def _are_plain_lines(draft: Draft, law: Law) -> bool:
    rates, special = law.free_rates[draft.scheme], draft.kind == "special"
    tolerances = law.tolerances
    off_fen = 0  # what the given taxes deviate, so far
    above: Line | None = None  # the discounted line whose discount must come next
    for line in draft.lines:
        if line.deduction_fen or not _is_plain_goods(
            line.name, line.spec, line.unit, line.tax_class
        ):
            return False
        net_fen, gross_fen, tax_fen = line.net_fen, line.gross_fen, line.tax_fen
        amount_fen = gross_fen if net_fen is None else net_fen
        if amount_fen is None:
            return False

        # The tax: within its tolerance if it is given, outright or as gross − net.
        if gross_fen is not None and net_fen is not None:
            if tax_fen is None:
                tax_fen = gross_fen - net_fen
            elif net_fen + tax_fen != gross_fen:
                return False
        if line.treatment != "taxed":
            if special or line.rate_bp or tax_fen:
                return False
        elif line.rate_bp not in rates:
            return False
        elif tax_fen is not None:
            base_fen = amount_fen - tax_fen if net_fen is None else amount_fen
            line_off_fen = tax_fen - tax_on_net(base_fen, line.rate_bp)
            off_fen += line_off_fen
            if abs(line_off_fen) > tolerances.line_tax_fen or tax_fen * base_fen < 0:
                return False

        # The sign, and the discount that belongs to the line above.
        if line.nature == "discount":
            if above is None or not _is_plain_discount(line, above):
                return False
            above = None
        elif above is not None or not 0 < amount_fen <= AMOUNT_MAX:
            return False
        elif line.nature == "discounted":
            above = line

        if line.quantity or line.unit_price:
            quantity, price = read_decimal(line.quantity), read_decimal(line.unit_price)
            if quantity is None or price is None or quantity <= 0 or price <= 0:
                return False
            error = abs(quantity * price - amount_fen * FEN_PRODUCT)
            if error > tolerances.product_fen * FEN_PRODUCT:
                return False
    return above is None and abs(off_fen) <= tolerances.invoice_tax_fen


def _is_plain_discount(line: Line, above: Line) -> bool:
    """Like its line, smaller than it, given the same way, and no tax given for either."""
    if line.net_fen is None:
        off_fen, amount_fen = line.gross_fen, above.gross_fen
    else:
        off_fen, amount_fen = line.net_fen, above.net_fen
    return (
        off_fen is not None
        and amount_fen is not None
        and -amount_fen < off_fen < 0
        and (line.net_fen is None) == (above.net_fen is None)
        and (line.net_fen is None or (line.gross_fen is None and above.gross_fen is None))
        and line.tax_fen is None
        and above.tax_fen is None
        and line.name == above.name
        and line.tax_class == above.tax_class
        and line.rate_bp == above.rate_bp
        and line.treatment == above.treatment
        and not (line.spec or line.unit or line.quantity or line.unit_price)
    )
