"""Red letters never pass zero, whatever their order; and an invoice can always be taken back."""

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Draft, Line, Reversal
from kaipiao.fiscal.invoice import Amounts, totals_of
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.red_letter import (
    LineAsk,
    ReversalAsk,
    check_ask,
    held_by_line,
    left_by_line,
    red_line,
    take,
)
from kaipiao.fiscal.settle import settle
from tests.strategies import lawful_draft, make_line

WHOLE = ReversalAsk(reason="01")
amounts = st.builds(
    lambda net, bp: Amounts(Fen(net), Fen((net * bp + 5_000) // 10_000)),
    st.one_of(st.integers(1, 200), st.integers(1, 10**9)),  # small ones are where rounding bites
    st.sampled_from([0, 100, 300, 600, 900, 1300]),
)
originals = st.lists(amounts, min_size=1, max_size=3).map(tuple)


def draft_of(lines: tuple[Amounts, ...]) -> Draft:
    made = tuple(make_line(net_fen=a.net_fen, tax_fen=a.tax_fen) for a in lines)
    return lawful_draft(lines=made)


def after_all(
    lines: tuple[Amounts, ...], asks: list[ReversalAsk]
) -> tuple[dict[int, Amounts], list[Amounts]]:
    """Drive the rule through a history; what was taken by line, and each red letter's total."""
    draft, held = draft_of(lines), held_by_line(draft_of(lines), lines)
    taken: dict[int, Amounts] = {}
    totals: list[Amounts] = []
    for ask in asks:
        left = left_by_line(held, taken)
        if check_ask(ask, draft, left):
            continue
        parts = take(ask, held, left)
        totals.append(totals_of(Amounts(Fen(p.net_fen), Fen(p.tax_fen)) for p in parts))
        for part in parts:
            before = taken.get(part.line, Amounts(Fen(0), Fen(0)))
            taken[part.line] = Amounts(
                Fen(before.net_fen + part.net_fen), Fen(before.tax_fen + part.tax_fen)
            )
    return taken, totals


parts = st.one_of(st.integers(1, 9), st.integers(1, 9), st.none(), st.integers(-5, 10**9))
line_asks = st.builds(LineAsk, line=st.integers(0, 2), net_fen=parts)
line_lists = st.lists(line_asks, min_size=1, max_size=3, unique_by=lambda ask: ask.line)
asks = line_lists.map(lambda lines: ReversalAsk(reason="02", lines=tuple(lines)))


@given(originals, st.lists(asks, max_size=40))
def test_red_letters_in_any_order_never_pass_zero(
    lines: tuple[Amounts, ...], history: list[ReversalAsk]
) -> None:
    taken, _ = after_all(lines, history)

    for index, own in enumerate(lines):
        back = taken.get(index, Amounts(Fen(0), Fen(0)))
        assert 0 <= back.net_fen <= own.net_fen
        assert 0 <= back.tax_fen <= own.tax_fen


@given(originals, st.lists(asks, max_size=40))
def test_whatever_came_before_the_rest_can_be_taken_back_to_the_fen(
    lines: tuple[Amounts, ...], history: list[ReversalAsk]
) -> None:
    """The rule must not be so strict, nor the rounding so clumsy, that a remainder stays."""
    _, totals = after_all(lines, [*history, WHOLE])

    assert totals_of(totals) == totals_of(lines)


@given(amounts, st.lists(st.integers(1, 10**8), min_size=1, max_size=6))
def test_the_tax_of_a_part_is_in_proportion_to_within_a_fen(
    line: Amounts, parts: list[int]
) -> None:
    history = [ReversalAsk(reason="04", lines=(LineAsk(line=0, net_fen=net),)) for net in parts]

    _, totals = after_all((line,), history)

    for total in totals[:-1]:  # the last may carry what rounding left over
        assert abs(total.tax_fen * line.net_fen - line.tax_fen * total.net_fen) <= line.net_fen


@given(
    st.integers(20, 200),
    st.sampled_from([100, 300, 600, 900, 1300]),
    st.integers(1, 9),
)
def test_many_equal_small_parts_and_the_rest_add_up(net: int, bp: int, part: int) -> None:
    """The same little amount over and over rounds the same way every time."""
    line = Amounts(Fen(net), Fen((net * bp + 5_000) // 10_000))
    little = ReversalAsk(reason="02", lines=(LineAsk(line=0, net_fen=part),))

    taken, totals = after_all((line,), [little] * (net // part) + [WHOLE])

    assert taken[0] == totals_of(totals) == line
    assert all(total.tax_fen >= 0 for total in totals)


def test_four_parts_never_come_to_more_than_the_whole() -> None:
    """Seen in the wild: four partial red letters of 83.75 against an invoice of 334.99."""
    line = Amounts(Fen(29_645), Fen(3_854))  # 334.99 with tax
    quarter = ReversalAsk(reason="02", lines=(LineAsk(line=0, net_fen=7_412),))

    taken, totals = after_all((line,), [quarter, quarter, quarter, quarter])
    assert len(totals) == 3
    assert taken[0].net_fen == 3 * 7_412

    _, whole = after_all((line,), [quarter, quarter, quarter, WHOLE])
    assert totals_of(whole) == line


def test_a_discount_goes_back_with_its_line() -> None:
    draft = lawful_draft(
        lines=(
            make_line(nature="discounted"),
            make_line(nature="discount", net_fen=-1_000, quantity="", unit_price=""),
            make_line(net_fen=500, quantity="", unit_price=""),
        )
    )
    held = held_by_line(draft, settle(draft))

    assert held == {0: Amounts(Fen(9_000), Fen(1_170)), 2: Amounts(Fen(500), Fen(65))}
    assert [v.code for v in _objections(draft, LineAsk(line=1))] == ["red-letter-line-unknown"]


def _objections(draft: Draft, *lines: LineAsk) -> list[object]:
    held = held_by_line(draft, settle(draft))
    return list(check_ask(ReversalAsk(reason="01", lines=lines), draft, left_by_line(held, {})))


def test_every_objection_is_given_at_once() -> None:
    found = _objections(
        lawful_draft(),
        LineAsk(line=7),
        LineAsk(line=0, net_fen=0),
        LineAsk(line=1, net_fen=10**9),
        LineAsk(line=1, net_fen=1),
    )

    assert [(v.code, v.path) for v in found] == [  # type: ignore[attr-defined]
        ("red-letter-line-unknown", "/lines/0/line"),
        ("red-letter-not-positive", "/lines/1/net_fen"),
        ("red-letter-exceeds-original", "/lines/2/net_fen"),
        ("red-letter-line-twice", "/lines"),
    ]


def test_a_red_letter_cannot_be_reversed() -> None:
    draft = lawful_draft(reversal=Reversal(original="2" * 20, reason="01", lines=(0, 1, 2)))

    assert [v.code for v in _objections(draft)] == ["red-letter-of-red-letter"]  # type: ignore[attr-defined]


def red_lines(draft: Draft, ask: ReversalAsk) -> list[Line]:
    held = held_by_line(draft, settle(draft))
    return [red_line(draft, part) for part in take(ask, held, left_by_line(held, {}))]


def test_a_whole_line_goes_back_with_its_quantity() -> None:
    line = red_lines(lawful_draft(), WHOLE)[0]

    assert (line.quantity, line.unit_price, line.net_fen, line.tax_fen) == (
        "-2",
        "50",
        -10_000,
        -1_300,
    )


def test_a_part_goes_back_as_an_amount() -> None:
    ask = ReversalAsk(reason="04", lines=(LineAsk(line=0, net_fen=333),))

    (line,) = red_lines(lawful_draft(), ask)

    assert (line.quantity, line.unit_price, line.net_fen, line.tax_fen) == ("", "", -333, -43)


def test_a_tax_inclusive_line_goes_back_tax_inclusive() -> None:
    """Its unit price was tax-inclusive, so the amount beside it must be too."""
    draft = lawful_draft(lines=(make_line(net_fen=None, gross_fen=11_300, unit_price="56.5"),))

    (line,) = red_lines(draft, WHOLE)

    assert (line.net_fen, line.gross_fen, line.tax_fen) == (None, -11_300, -1_300)
    assert settle(lawful_draft(lines=(line,))) == (Amounts(Fen(-10_000), Fen(-1_300)),)
