"""The rules, all of them, in one tuple; and ``check``, which applies them.

Each rule is a function of a draft that yields *all* its objections.  No rule leans on
another: a draft that breaks ten hears of ten, and is corrected once.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.element_rules import check_element_fields, check_element_lines
from kaipiao.regimes.cn.law import Context, law_on
from kaipiao.regimes.cn.line_rules import (
    check_discounts,
    check_line_count,
    check_names,
    check_quantities,
    check_rates,
)
from kaipiao.regimes.cn.money_rules import (
    check_amounts,
    check_discount_size,
    check_margin,
    check_taxes,
    check_totals,
)
from kaipiao.regimes.cn.party_rules import (
    check_buyer_id,
    check_buyer_is_not_seller,
    check_seller_id,
    check_special,
)
from kaipiao.regimes.cn.plain import is_plain
from kaipiao.regimes.cn.red_rules import check_reversal
from kaipiao.regimes.cn.text_rules import (
    check_characters,
    check_element_shown,
    check_element_texts,
    check_header_texts,
    check_line_texts,
    check_shown,
)

Source = Literal["ours", "outside"]
"""Asked of us to issue; or issued elsewhere, and only read here."""

Rule = Callable[[Draft, Context], Iterator[Violation]]

ELEMENT_RULES: tuple[Rule, ...] = (
    check_element_texts,
    check_element_shown,
    check_element_lines,
    check_element_fields,
)

RULES: tuple[Rule, ...] = (
    check_reversal,
    check_header_texts,
    check_seller_id,
    check_buyer_id,
    check_buyer_is_not_seller,
    check_special,
    check_line_count,
    check_line_texts,
    check_shown,
    check_names,
    check_rates,
    check_amounts,
    check_taxes,
    check_quantities,
    check_discounts,
    check_discount_size,
    check_margin,
    check_totals,
    *ELEMENT_RULES,
)
"""What is asked of an invoice that we are to issue."""

OUTSIDE_RULES: tuple[Rule, ...] = (
    check_characters,
    check_seller_id,
    check_buyer_id,
    check_special,
    check_line_count,
    check_rates,
    check_amounts,
    check_taxes,
    check_quantities,
    check_totals,
)
"""What is asked of a document issued elsewhere: its arithmetic within the tolerances, its ids
and its rates; not how our own house writes names, nor what a document does not show."""


def check_composed(draft: Draft, *, on: date) -> list[Violation]:
    """``check`` for a red letter that we made ourselves: its rates are its original's."""
    return check(draft, on=on, composed=True)


def check(
    draft: Draft, *, on: date, source: Source = "ours", composed: bool = False
) -> list[Violation]:
    """Every violation of the law of ``on`` (a Beijing day); no errors means: may be issued.

    ``composed`` says that we made the draft's reversal ourselves.  Warnings are included;
    ``errors_of`` leaves only what forbids issuing.
    """
    law = law_on(on)
    if source == "ours" and is_plain(draft, law):
        if draft.element is None:
            return []
        rules, context = ELEMENT_RULES, Context(law)
    else:
        outside = source == "outside"
        rules, context = OUTSIDE_RULES if outside else RULES, Context(law, outside, composed)
    return [violation for rule in rules for violation in rule(draft, context)]
