"""Documents issued elsewhere: judged by the tolerances, never by our own house's habits."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.tax import tax_on_net
from kaipiao.regimes.cn.rules import OUTSIDE_RULES, RULES, check
from tests.strategies import BUYER, DAY, SELLER, lawful_draft, make_line


def verdict(draft: Draft, on: date = DAY) -> list[str]:
    return [found.code for found in check(draft, on=on, source="outside")]


def read_line(net_fen: int, tax_fen: int, rate_bp: int = 1300, **changes: object) -> Line:
    """As a reader makes it: all three amounts, and whatever else the document happens to show."""
    return Line(
        name="文件盒",
        tax_class="",
        rate_bp=rate_bp,
        net_fen=net_fen,
        tax_fen=tax_fen,
        gross_fen=net_fen + tax_fen,
        **changes,  # type: ignore[arg-type]
    )


def read_draft(*lines: Line, **changes: object) -> Draft:
    return lawful_draft(lines=lines, issuer="", remark="注" * 500, **changes)


@given(st.integers(1, 10**12), st.integers(-6, 6))
def test_a_tax_some_fen_off_is_no_fault(net_fen: int, off_fen: int) -> None:
    tax_fen = tax_on_net(net_fen, 1300) + off_fen

    expected = ["tax-sign"] if tax_fen < 0 else []
    assert verdict(read_draft(read_line(net_fen, tax_fen))) == expected


def test_a_tax_further_off_is() -> None:
    assert verdict(read_draft(read_line(10_000, 1_307))) == ["tax-off"]
    assert verdict(read_draft(*[read_line(10_000, 1_306)] * 22)) == ["tax-off-in-total"]


def test_parts_that_do_not_add_up_always_are() -> None:
    line = make_line(net_fen=10_000, tax_fen=1_300, gross_fen=11_299)

    assert verdict(read_draft(line)) == ["amounts-do-not-add-up"]


def test_red_letters_need_no_reversal_to_be_read() -> None:
    line = read_line(-10_000, -1_300, quantity="-2", unit_price="50")

    assert verdict(read_draft(line)) == []


def test_an_old_document_is_judged_by_the_law_of_its_day() -> None:
    draft = read_draft(read_line(10_000, 1_600, 1600))

    assert verdict(draft, date(2019, 3, 31)) == []
    assert verdict(draft) == ["rate-not-in-force"]


def test_a_small_scale_rate_is_no_fault_although_the_document_does_not_say_whose() -> None:
    assert verdict(read_draft(read_line(1_584_158, 15_842, 100))) == []


def test_a_wrong_seller_id_is_a_fault_and_a_doubtful_buyer_id_a_warning() -> None:
    wrong = SELLER.taxpayer_id[:17] + ("0" if SELLER.taxpayer_id[17] != "0" else "1")
    line = read_line(10_000, 1_300)
    seller, buyer = (Party(name=party.name, taxpayer_id=wrong) for party in (SELLER, BUYER))

    assert verdict(read_draft(line, seller=seller)) == ["seller-id-check-wrong"]
    assert verdict(read_draft(line, buyer=buyer)) == ["buyer-id-doubtful"]


@pytest.mark.parametrize("character", ["\x00", "\x1f", "\u202e"])
def test_characters_that_nobody_can_print_are_a_fault(character: str) -> None:
    line = read_line(10_000, 1_300, spec=f"A{character}")

    assert verdict(read_draft(line)) == ["text-forbidden-character"]


def test_no_rule_is_asked_twice() -> None:
    assert len(set(RULES)) == len(RULES)
    assert len(set(OUTSIDE_RULES)) == len(OUTSIDE_RULES)
