"""Invoice numbers: twenty digits, read and written the same."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.number import (
    SERIAL_MAX,
    compose_number,
    compose_series,
    number_parts,
    parse_number,
    split_number,
)
from kaipiao.regimes.cn.areas import AREAS, is_area

LIST = Path(__file__).parents[3] / "../shared/samples/lists/invoice_numbers.csv"

years = st.integers(0, 99)
areas = st.sampled_from(sorted(AREAS))
channels = st.integers(0, 9)
serials = st.integers(0, SERIAL_MAX)


@given(years, areas, channels, serials)
def test_a_number_gives_back_its_parts(year: int, area: int, channel: int, serial: int) -> None:
    number = compose_number(compose_series(2000 + year, area, channel), serial)

    assert parse_number(number) == number
    assert number_parts(number) == (year, area, channel, serial)
    assert split_number(number) == (compose_series(year, area, channel), serial)


@given(st.text(max_size=24))
def test_anything_but_twenty_ascii_digits_is_refused(text: str) -> None:
    if len(text) == 20 and text.isascii() and text.isdigit():
        assert parse_number(text) == text
    else:
        with pytest.raises(ValueError):
            parse_number(text)


def test_digits_of_other_scripts_are_not_digits() -> None:
    with pytest.raises(ValueError):
        parse_number("２" * 20)


@pytest.mark.skipif(not LIST.exists(), reason="../shared is absent")
def test_real_numbers_fit_and_name_an_area() -> None:
    with LIST.open(encoding="utf-8") as rows:
        numbers = [row["number"] for row in csv.DictReader(rows)]

    assert len(numbers) >= 10
    for text in numbers:
        assert is_area(number_parts(parse_number(text)).area), text
