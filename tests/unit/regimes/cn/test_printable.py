"""What cannot be printed is refused before it is issued, by its name."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.element import Construction, Freight, Trip
from kaipiao.regimes.cn.printable import (
    GETA,
    first_unshown,
    is_plainly_shown,
    name_of,
    runs_of,
    with_geta,
)
from kaipiao.regimes.cn.rules import check, check_composed
from tests.strategies import DAY, SELLER, lawful_draft, make_line

RARE = "\U0002a6d6"
TRIP = Trip(origin="甲", destination="乙", vehicle="公路运输", plate="苏A·00000", goods="纸箱")


def paths_of(draft: Draft) -> list[str]:
    found = check(draft, on=DAY)
    return [one.path for one in found if one.code == "text-character-not-shown"]


def test_the_characters_of_every_day_are_shown() -> None:
    everyday = bytes(range(0xB0, 0xF8)), bytes(range(0xA1, 0xFF))
    gb2312 = {
        bytes([high, low]).decode("gb2312", "ignore") for high in everyday[0] for low in everyday[1]
    }
    assert len(gb2312) > 6_700
    assert first_unshown("".join(gb2312)) is None
    assert first_unshown("".join(map(chr, range(0x4E00, 0xA000)))) is None
    assert first_unshown("".join(map(chr, range(0x20, 0x7F)))) is None
    assert first_unshown("（），。、：；“”‘’《》【】—…·￥¥×÷±℃㎡³²№ⅠⅡ①②〇") is None


@given(st.text())
def test_a_plainly_shown_text_is_shown(text: str) -> None:
    if is_plainly_shown(text):
        assert first_unshown(text) is None
        assert text.isprintable()


@given(st.text())
def test_what_cannot_be_shown_is_printed_as_a_geta(text: str) -> None:
    printed = with_geta(text)

    assert first_unshown(printed) is None
    assert len(printed) == len(text)
    assert all(one in (other, GETA) for one, other in zip(printed, text, strict=True))


@given(st.sets(st.integers(0, 300), min_size=1))
def test_runs_hold_just_the_code_points_they_are_made_of(points: set[int]) -> None:
    runs = list(runs_of(points))

    assert {point for run in runs for point in run} == points
    assert all(one.stop < other.start for one, other in pairwise(runs))


@pytest.mark.parametrize(
    ("draft", "path"),
    [
        (lawful_draft(seller=msgspec.structs.replace(SELLER, name=f"甲{RARE}")), "/seller/name"),
        (lawful_draft(buyer=msgspec.structs.replace(SELLER, bank=RARE)), "/buyer/bank"),
        (lawful_draft(lines=(make_line(), make_line(unit="😀"))), "/lines/1/unit"),
        (lawful_draft(lines=(make_line(name=f"*文具*{RARE}"),)), "/lines/0/name"),
        (lawful_draft(issuer=RARE), "/issuer"),
        (lawful_draft(remark=f"甲\n{RARE}"), "/remark"),
        (
            lawful_draft(element=Construction(place="甲", project=RARE, cross_city=False)),
            "/element/project",
        ),
        (
            lawful_draft(element=Freight(trips=(TRIP, msgspec.structs.replace(TRIP, goods=RARE)))),
            "/element/trips/1/goods",
        ),
    ],
)
def test_the_field_is_named_wherever_it_stands(draft: Draft, path: str) -> None:
    assert paths_of(draft) == [path]


def test_the_objection_names_the_character_and_says_what_to_do() -> None:
    (found,) = check(lawful_draft(issuer=f"赵{RARE}"), on=DAY)

    assert found.severity == "error"
    assert "开票人第 2 个字符 U+2A6D6 CJK UNIFIED IDEOGRAPH-2A6D6 不在" in found.zh
    assert "请改用" in found.zh
    assert "Character 2 of the issuer, U+2A6D6 CJK UNIFIED IDEOGRAPH-2A6D6," in found.en
    assert "Write it in another way" in found.en


def test_a_line_break_in_a_remark_needs_no_glyph() -> None:
    assert paths_of(lawful_draft(remark="甲\n乙")) == []


def test_a_control_character_is_refused_once() -> None:
    codes = [one.code for one in check(lawful_draft(issuer="赵\x07"), on=DAY)]

    assert codes == ["text-forbidden-character"]


def test_a_red_letter_of_an_older_invoice_is_not_kept_from_being_issued() -> None:
    old = lawful_draft(lines=(make_line(name=f"*文具*{RARE}"),))

    assert [v for v in check_composed(old, on=DAY) if v.code == "text-character-not-shown"] == []
    asked = msgspec.structs.replace(old, remark=RARE)
    assert [v.path for v in check_composed(asked, on=DAY)] == ["/remark"]


def test_a_document_from_outside_may_use_any_font() -> None:
    assert check(lawful_draft(issuer=RARE), on=DAY, source="outside") == []


def test_a_character_is_named_even_if_nobody_named_it() -> None:
    assert name_of(RARE) == "U+2A6D6 CJK UNIFIED IDEOGRAPH-2A6D6"
    assert name_of("\ue123") == "U+E123"
