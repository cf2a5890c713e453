"""Decimal text is exact to thirteen places."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.decimals import (
    FEN_PRODUCT,
    QUANTUM,
    format_decimal,
    product_error,
    read_decimal,
)

scaled = st.integers(-(10**25) + 1, 10**25 - 1)
texts = st.from_regex(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,13})?", fullmatch=True)


@given(texts)
def test_a_number_is_read_exactly(text: str) -> None:
    """Python's own Decimal is the oracle; nothing is rounded, so its context does not matter."""
    assert read_decimal(text) == int(Decimal(text).scaleb(13))


@given(scaled)
def test_numbers_read_back_as_they_were_written(number: int) -> None:
    text = format_decimal(number)

    assert read_decimal(text) == number or (number == 0 and text == "0")


@given(scaled, scaled, st.integers(-(10**18), 10**18))
def test_the_error_of_a_product_is_exact(quantity: int, price: int, amount_fen: int) -> None:
    exact = abs(Fraction(quantity, QUANTUM) * Fraction(price, QUANTUM) * 100 - amount_fen)

    assert Fraction(product_error(quantity, price, amount_fen), FEN_PRODUCT) == exact


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".5",
        "5.",
        "+1",
        "01",
        "1e3",
        "1,5",
        " 1",
        "1 ",
        "１",
        "0.12345678901234",
        "1000000000000",
        "NaN",
        "Infinity",
        "--1",
        "1.2.3",
        "\u0661",
        "1\n",
    ],
)
def test_what_is_not_such_a_number_is_none(text: str) -> None:
    assert read_decimal(text) is None


@given(st.text(max_size=30))
def test_no_text_makes_it_stumble(text: str) -> None:
    value = read_decimal(text)

    assert value is None or -(10**25) < value < 10**25
