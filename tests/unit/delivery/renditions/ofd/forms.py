"""One draft of each form in which an invoice is met."""

from collections.abc import Mapping

import msgspec
from tests.strategies import PERSON, lawful_draft, make_discount, make_line

from kaipiao.fiscal.draft import Draft, Line, Reversal
from kaipiao.fiscal.element import Construction, Freight, Passenger, PropertyLease
from kaipiao.fiscal.sample import TRADES, sample_drafts

_ELEMENTS = (Construction, Freight, PropertyLease, Passenger)


def _sampled(element: type) -> Draft:
    """The first sample of a trade."""
    assert any(trade.element for trade in TRADES)
    return next(draft for draft in sample_drafts(7) if isinstance(draft.element, element))


def _red() -> Draft:
    lines = (make_line(net_fen=-10_000, quantity="-2"),)
    original = "26311000000000000001"
    return lawful_draft(
        lines=lines,
        remark=f"被红冲蓝字数电票号码：{original}",
        reversal=Reversal(original=original, reason="01", lines=(0,)),
    )


def _hundred() -> Draft:
    lines: list[Line] = []
    for n in range(50):
        line = make_line(name=f"*文具*文件盒{n}", net_fen=10_000 + n, quantity="", unit_price="")
        lines += make_discount(line, 500)
    return lawful_draft(lines=tuple(lines))


FORMS: Mapping[str, Draft] = {
    "one line": lawful_draft(lines=(make_line(),)),
    "hundred lines": _hundred(),
    "red letter": _red(),
    "natural person": lawful_draft(buyer=PERSON),
    "exempt": lawful_draft(lines=(make_line(rate_bp=0, treatment="exempt"),)),
    "long names": msgspec.structs.replace(
        lawful_draft(), buyer=msgspec.structs.replace(lawful_draft().buyer, name="虚构" * 150)
    ),
    **{element.__name__: _sampled(element) for element in _ELEMENTS},
}
