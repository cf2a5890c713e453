"""Rates by the day: the last day of one law and the first of the next."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Line
from kaipiao.regimes.cn.dated import in_force
from kaipiao.regimes.cn.law import law_on
from kaipiao.regimes.cn.policy import CREDIT, WINDOWS
from kaipiao.regimes.cn.rates import RATES, format_rate
from kaipiao.regimes.cn.rules import check
from kaipiao.regimes.cn.tolerances import TOLERANCES
from tests.strategies import lawful_draft, make_line

days = st.dates(date(2016, 5, 1), date(2035, 12, 31))
old_house = frozenset({"05", "06"})


def plain_line(rate_bp: int) -> Line:
    return make_line(rate_bp=rate_bp)


@pytest.mark.parametrize(
    ("day", "general", "small_scale"),
    [
        (date(2016, 4, 30), set(), set()),
        (date(2017, 6, 30), {1700, 1300, 1100, 600, 500, 300}, {500, 300}),
        (date(2017, 7, 1), {1700, 1100, 600, 500, 300}, {500, 300}),
        (date(2018, 5, 1), {1600, 1000, 600, 500, 300}, {500, 300}),
        (date(2019, 3, 31), {1600, 1000, 600, 500, 300}, {500, 300}),
        (date(2019, 4, 1), {1300, 900, 600, 500, 300}, {500, 300}),
        (date(2022, 3, 31), {1300, 900, 600, 500, 300, 50}, {500, 300, 100, 50}),
        (date(2022, 4, 1), {1300, 900, 600, 500, 300, 50}, {500, 300, 50}),
        (date(2023, 1, 1), {1300, 900, 600, 500, 300, 50}, {500, 300, 100, 50}),
        (date(2025, 12, 31), {1300, 900, 600, 500, 300, 50}, {500, 300, 100, 50}),
        (date(2026, 1, 1), {1300, 900, 600, 300}, {300, 100}),
        (date(2027, 12, 31), {1300, 900, 600, 300}, {300, 100}),
        (date(2028, 1, 1), {1300, 900, 600, 300}, {300}),
    ],
)
def test_rates_that_need_no_element(day: date, general: set[int], small_scale: set[int]) -> None:
    law = law_on(day)

    assert law.free_rates["general"] == general
    assert law.free_rates["small_scale"] == small_scale


@pytest.mark.parametrize(
    ("day", "known"),
    [(date(2025, 12, 31), True), (date(2026, 1, 1), True), (date(2028, 1, 1), False)],
)
def test_five_percent_lives_on_for_old_real_estate_only(day: date, known: bool) -> None:
    rate = law_on(day).rates.get(500)

    assert (rate is not None) == known
    if rate is not None and day >= date(2026, 1, 1):
        assert rate.elements == old_house


def test_an_invoice_is_judged_by_its_own_day() -> None:
    draft = lawful_draft(lines=(plain_line(1600),))

    assert check(draft, on=date(2019, 3, 31)) == []
    (found,) = check(draft, on=date(2019, 4, 1))
    assert found.code == "rate-not-in-force"
    assert "16%" in found.en
    assert "13%, 9%, 6%" in found.zh


def test_the_small_scale_one_percent_ends_with_2027() -> None:
    draft = lawful_draft(scheme="small_scale", lines=(plain_line(100),))

    assert check(draft, on=date(2027, 12, 31)) == []
    assert [found.code for found in check(draft, on=date(2028, 1, 1))] == ["rate-not-in-force"]


@given(days)
def test_no_day_has_one_rate_twice(day: date) -> None:
    """Two rows for one rate on one day would contradict each other."""
    rates = [rate.bp for rate in in_force(RATES, day)]

    assert len(rates) == len(set(rates))


@given(days)
def test_every_day_has_its_tolerances(day: date) -> None:
    assert len(in_force(TOLERANCES, day)) == 1
    if day >= date(2021, 12, 1):
        assert len(in_force(WINDOWS, day)) == len(in_force(CREDIT, day)) == 1


def test_every_row_names_its_source_and_ends_after_it_began() -> None:
    for row in (*RATES, *TOLERANCES, *CREDIT, *WINDOWS):
        assert row.source, row
        assert row.until is None or row.since <= row.until, row


@pytest.mark.parametrize(
    ("bp", "text"), [(1300, "13%"), (150, "1.5%"), (50, "0.5%"), (0, "0%"), (-50, "-0.5%")]
)
def test_rates_are_printed_as_percent(bp: int, text: str) -> None:
    assert format_rate(bp) == text
