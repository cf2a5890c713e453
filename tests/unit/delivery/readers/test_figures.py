"""Figures are read exactly, or not at all."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.readers.figures import (
    parse_amount,
    parse_day,
    parse_instant,
    parse_rate,
    scale_decimal,
)
from kaipiao.fiscal.money import MAX_FEN, format_yuan


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_every_amount_comes_back_to_the_fen(fen: int) -> None:
    printed = format_yuan(fen)

    assert parse_amount(printed) == parse_amount(f" ¥{printed}000 ") == fen


def test_an_amount_wider_than_the_field_is_refused() -> None:
    for fen in (MAX_FEN + 1, -MAX_FEN - 1):
        with pytest.raises(ValueError, match="wider"):
            parse_amount(format_yuan(fen))


@given(st.integers(0, 10**12), st.integers(1, 9))
def test_a_third_decimal_is_never_rounded_away(fen: int, third: int) -> None:
    with pytest.raises(ValueError, match="decimals"):
        parse_amount(f"{format_yuan(fen)}{third}")


def test_thousands_are_read_where_they_stand_right() -> None:
    assert parse_amount("￥1,234,567.80") == 123_456_780
    for wrong in ("1,23.00", "12,34", ",123", "1,234,56"):
        with pytest.raises(ValueError):
            parse_amount(wrong)


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1e3", "1.2.3", "٣", "½", "nan", "0x1", "1 2", "9" * 25, "12_3"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_amount(text)


@given(st.integers(0, 10_000))
def test_a_rate_is_the_same_however_it_is_written(bp: int) -> None:
    percent = f"{bp // 100}.{bp % 100:02}%"
    fraction = f"{bp // 10_000}.{bp % 10_000:04}00"

    assert parse_rate(percent) == parse_rate(fraction) == (bp, "taxed")


def test_words_in_the_place_of_a_rate() -> None:
    assert parse_rate("免税") == (0, "exempt")
    assert parse_rate("不征税") == (0, "untaxed")
    assert parse_rate("***") == parse_rate("") == (None, "taxed")
    for wrong in ("13", "101%", "13.005%", "-3%", "0.12345", "about 3%", "%"):
        with pytest.raises(ValueError):
            parse_rate(wrong)


@pytest.mark.parametrize(
    "text",
    ["2026-11-24", "2026年11月24日", "20261124", "2026/11/24", "2026-11-24 09:30:01"],
)
def test_a_day_is_read_however_it_is_written(text: str) -> None:
    assert parse_day(text).isoformat() == "2026-11-24"


def test_an_instant_is_beijings() -> None:
    instant = parse_instant("2026-11-24 09:30:01")

    assert instant is not None
    assert instant.isoformat() == "2026-11-24T09:30:01+08:00"
    assert parse_instant("2026-11-24") is None
    for wrong in ("2026-13-01", "2026-02-30", "24.11.2026", ""):
        with pytest.raises(ValueError):
            parse_instant(wrong)


@given(st.text(max_size=30), st.integers(0, 24))
def test_any_text_is_a_figure_or_a_value_error(text: str, places: int) -> None:
    for parse in (parse_amount, parse_rate, parse_day, parse_instant):
        with contextlib.suppress(ValueError):
            parse(text)
    with contextlib.suppress(ValueError):
        scale_decimal(text, places)
