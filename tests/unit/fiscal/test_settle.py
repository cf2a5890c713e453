"""What a draft comes to: exact parts, exact sums, and what was given is kept."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Draft, Line
from kaipiao.fiscal.invoice import totals_of
from kaipiao.fiscal.settle import settle
from kaipiao.fiscal.tax import split_gross, tax_on_net
from tests.strategies import amounts, lawful_draft, lawful_drafts, make_line

rates = st.sampled_from([100, 300, 600, 900, 1300])


def settled(line: Line, **changes: object) -> tuple[int, int]:
    (amount,) = settle(lawful_draft(lines=(line,), **changes))
    return amount.net_fen, amount.tax_fen


@given(lawful_drafts())
def test_totals_are_the_sums_of_the_lines(draft: Draft) -> None:
    lines = settle(draft)
    totals = totals_of(lines)

    assert len(lines) == len(draft.lines)
    assert totals.net_fen == sum(line.net_fen for line in lines)
    assert totals.tax_fen == sum(line.tax_fen for line in lines)
    assert totals.gross_fen == sum(line.gross_fen for line in lines)


@given(lawful_drafts())
def test_what_was_given_is_kept_to_the_fen(draft: Draft) -> None:
    for line, amount in zip(draft.lines, settle(draft), strict=True):
        assert line.net_fen in (None, amount.net_fen)
        assert line.gross_fen in (None, amount.gross_fen)
        assert line.tax_fen in (None, amount.tax_fen)


@given(amounts, rates)
def test_each_way_to_give_an_amount(fen: int, rate_bp: int) -> None:
    tax_fen = tax_on_net(fen, rate_bp)

    def line(**given: int) -> Line:
        return make_line(rate_bp=rate_bp, **({"net_fen": None} | given))

    assert settled(line(net_fen=fen)) == (fen, tax_fen)
    assert settled(line(net_fen=fen, tax_fen=tax_fen + 1)) == (fen, tax_fen + 1)
    assert settled(line(net_fen=fen, gross_fen=fen + tax_fen)) == (fen, tax_fen)
    assert settled(line(gross_fen=fen)) == split_gross(fen, rate_bp)
    assert settled(line(gross_fen=fen, tax_fen=1)) == (fen - 1, 1)
    assert settled(line()) == (0, 0)


@given(amounts, st.sampled_from(["exempt", "untaxed", "zero_rated"]))
def test_a_sale_that_owes_nothing_owes_nothing(fen: int, treatment: str) -> None:
    line = make_line(treatment=treatment, rate_bp=0)

    assert settled(make_line(treatment=treatment, rate_bp=0, net_fen=fen)) == (fen, 0)
    assert settled(make_line(treatment=treatment, rate_bp=0, net_fen=None, gross_fen=fen)) == (
        fen,
        0,
    )
    assert settled(line, margin="difference")[1] == 0


@given(st.lists(amounts, min_size=1, max_size=30), rates)
def test_tax_inclusive_lines_add_up_to_what_the_buyer_paid(
    prices: Sequence[int], rate_bp: int
) -> None:
    lines = tuple(make_line(net_fen=None, gross_fen=fen, rate_bp=rate_bp) for fen in prices)

    assert totals_of(settle(lawful_draft(lines=lines))).gross_fen == sum(prices)


def test_a_margin_sale_is_taxed_on_its_margin() -> None:
    line = make_line(net_fen=None, gross_fen=105_000, deduction_fen=63_000, rate_bp=500)

    assert settled(line, margin="difference") == (103_000, 2_000)
    assert settled(line, margin="full") == (100_000, 5_000)
