"""The data about our typeface are the font file's own: regenerate with ``./run golden``."""

import uharfbuzz
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.renditions.face.measure import FULL, advance
from kaipiao.delivery.renditions.fonts import FONT_FILE
from kaipiao.regimes.cn.printable import first_unshown, unpack_characters
from kaipiao.regimes.cn.typeface import TYPEFACE

FACE = uharfbuzz.Face(uharfbuzz.Blob(FONT_FILE.read_bytes()))
FONT = uharfbuzz.Font(FACE)


def width_of(character: str) -> float:
    glyph = FONT.get_nominal_glyph(ord(character))
    assert glyph is not None
    return FONT.get_glyph_h_advance(glyph) * FULL / FACE.upem


def test_the_packed_characters_are_those_of_the_font() -> None:
    packed = {point for run in unpack_characters(TYPEFACE.packed) for point in run}

    assert packed == set(FACE.unicodes), "the font changed: ./run golden"


@given(st.characters())
def test_a_character_is_shown_if_the_font_has_a_glyph_for_it(character: str) -> None:
    shown = first_unshown(character) is None

    assert shown == (character == "\n" or FONT.get_nominal_glyph(ord(character)) is not None)


def test_no_text_is_wider_than_it_is_taken_for() -> None:
    for point in FACE.unicodes:
        assert width_of(chr(point)) <= advance(chr(point))


def test_widths_are_exact_for_ascii_and_all_common_chinese() -> None:
    for point in (*range(0x20, 0x7F), *range(0x4E00, 0xA000), *map(ord, "，。：；（）、“”·¥×²³°")):
        assert width_of(chr(point)) == advance(chr(point))


def test_the_licence_stands_beside_the_font() -> None:
    licence = FONT_FILE.with_name("OFL.txt").read_text()

    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "Reserved Font Names" in licence
