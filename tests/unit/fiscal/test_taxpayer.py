"""Taxpayer ids: the right check character is right by someone else's arithmetic too."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from kaipiao.fiscal.taxpayer import (
    USCC_ALPHABET,
    classify,
    has_right_check,
    parse_taxpayer_id,
    resident_check,
    uscc_check,
)
from tests.strategies import resident_ids, usccs

LIST = Path(__file__).parents[3] / "../shared/samples/lists/taxpayer_ids.csv"

uscc_shaped = st.text(USCC_ALPHABET, min_size=18, max_size=18)


@given(st.from_regex(rf"[0-9]{{8}}[{USCC_ALPHABET}]{{10}}", fullmatch=True))
def test_stdnum_agrees_about_every_uscc_that_begins_with_digits(text: str) -> None:
    assert (uscc_check(text[:17]) == text[17]) == bool(uscc.is_valid(text))


@given(usccs)
def test_stdnum_agrees_about_check_characters_and_wrongly_refuses_leading_letters(
    text: str,
) -> None:
    """A known flaw of the oracle: ids such as A1… are genuine, and it will not have them."""
    assert uscc.calc_check_digit(text[:17]) == text[17]
    assert uscc.is_valid(text) == text[:8].isdigit()
    assert has_right_check(text)


@given(resident_ids)
def test_stdnum_agrees_about_resident_ids(text: str) -> None:
    assert ric.calc_check_digit(text) == text[17]
    assert has_right_check(text)


@given(usccs, st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_one_wrong_character_is_always_noticed(text: str, place: int, other: str) -> None:
    changed = text[:place] + other + text[place + 1 :]

    # A string of digits may by chance be a right resident id; nothing is wrong then.
    if changed != text and classify(changed) == "uscc":
        assert not has_right_check(changed)


@given(usccs, st.integers(0, 16))
def test_two_neighbours_exchanged_are_always_noticed(text: str, place: int) -> None:
    changed = text[:place] + text[place + 1] + text[place] + text[place + 2 :]

    if changed != text and classify(changed) == "uscc":
        assert not has_right_check(changed)


@given(st.text(max_size=22))
def test_any_text_is_classified_without_an_accident(text: str) -> None:
    assert classify(text) in {None, "uscc", "resident", "former", "household", "individual"}
    assert has_right_check(text) in {True, False}


@given(resident_ids)
def test_an_individual_carries_the_check_of_a_resident_id(resident: str) -> None:
    wrong = resident[:17] + ("0" if resident[17] != "0" else "1")

    assert classify(f"{resident}00") == "individual"
    assert has_right_check(f"{resident}00")
    assert not has_right_check(f"{wrong}00")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("91110000600037341L", "uscc"),
        ("360426199101010071", "resident"),
        ("110108600037341", "former"),
        ("36042691010100712", "household"),
        ("36042619910101007100", "individual"),
        ("91110000600037341l", None),
        ("9111000060003734IL", None),
        ("91110000600037341", "household"),
        ("", None),
        ("９１１１００００６０００３７３４１Ｌ", None),
        ("１" * 15, None),
    ],
)
def test_shapes(text: str, kind: str | None) -> None:
    assert classify(text) == kind


def test_known_answers() -> None:
    assert uscc_check("91110000600037341") == "L"
    assert resident_check("36042619910101007") == "1"


def test_parse_refuses_what_has_no_shape_or_a_wrong_check() -> None:
    assert parse_taxpayer_id("91110000600037341L") == "91110000600037341L"
    for text in ("91110000600037341M", "9111", "91110000600037341l"):
        with pytest.raises(ValueError):
            parse_taxpayer_id(text)


@pytest.mark.skipif(not LIST.exists(), reason="../shared is absent")
def test_real_ids_have_the_verdict_of_the_list() -> None:
    with LIST.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            assert has_right_check(row["taxpayer_id"]) == (row["valid"] == "1"), row
