"""Whole fen, halves away from zero."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.money import divide_half_up, format_yuan, parse_yuan

numbers = st.integers(-(10**20), 10**20)


@given(numbers, st.integers(1, 10**9))
def test_rounding_is_never_more_than_half_away(numerator: int, denominator: int) -> None:
    off = abs(Fraction(numerator, denominator) - divide_half_up(numerator, denominator))

    assert off <= Fraction(1, 2)


@given(numbers, st.integers(1, 10**9))
def test_a_half_goes_away_from_zero(whole: int, half: int) -> None:
    """Half-even would answer the even neighbour; one line in 383 of real invoices tells them."""
    exact_half = (2 * whole + 1) * half

    up = whole + 1 if whole >= 0 else whole
    assert divide_half_up(exact_half, 2 * half) == up


@given(numbers, st.integers(1, 10**9))
def test_minus_x_mirrors_x(numerator: int, denominator: int) -> None:
    assert divide_half_up(-numerator, denominator) == -divide_half_up(numerator, denominator)


@given(numbers)
def test_yuan_read_back_as_they_were_written(fen: int) -> None:
    assert parse_yuan(format_yuan(fen)) == fen


@pytest.mark.parametrize("text", ["", "-", ".", "1.", ".5", "1.234", "1,000", "１２", "1e3", "+1"])
def test_what_is_not_an_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_yuan(text)
