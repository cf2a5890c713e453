"""The format's bricks: numbers, markup, curves, the font, the package."""

import io
import math
import re
import zipfile
from datetime import UTC, datetime
from itertools import count
from xml.etree.ElementTree import fromstring

import pytest
import uharfbuzz as hb
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.renditions.face.measure import FULL, advance
from kaipiao.delivery.renditions.ofd.canvas import Canvas
from kaipiao.delivery.renditions.ofd.markup import array, decimal, escape, leaf, part
from kaipiao.delivery.renditions.ofd.package import pack
from kaipiao.delivery.renditions.ofd.typeface import cut_font
from tests.ofd_pictures import expand_steps, outlines_of
from tests.strategies import lawful_draft, words
from tests.unit.delivery.renditions.ofd.made import unsigned_ofd

AT = datetime(2026, 11, 25, 16, 30, 4, tzinfo=UTC)


@given(st.floats(-1000, 1000))
def test_a_decimal_is_the_number_to_a_tenth_of_a_micrometre(value: float) -> None:
    text = decimal(value)

    assert abs(float(text) - value) <= 0.000_051
    assert re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]{0,3}[1-9])?", text)
    assert text != "-0"


@given(st.text(st.characters(exclude_categories=["Cs"], min_codepoint=0x20)))
def test_what_is_escaped_reads_the_same(text: str) -> None:
    read = fromstring(part("Page", leaf("TextCode", text, Name=text)))[0]

    expected = "".join("\ufffd" if character in "\ufffe\uffff" else character for character in text)
    assert read.text == (expected or None)
    assert read.get("Name") == expected


def test_what_no_xml_can_hold_is_replaced() -> None:
    assert escape("a\x00b\x0b\ud800c") == "a\ufffdb\ufffd\ufffdc"


@given(st.floats(1, 100), st.floats(1, 100))
def test_an_oval_is_round_to_three_ten_thousandths(wide: float, high: float) -> None:
    canvas = Canvas(count(1))
    canvas.ellipse((0, 0, wide, high), 0.2)
    path = re.findall("<ofd:AbbreviatedData>(.*?)</", canvas.objects[0])[0]

    (outline,) = outlines_of(path)

    assert "A" not in path, "not every viewer draws arcs"
    assert outline[0] == outline[-1]
    for x, y in outline:
        at = (x - 0.1 - wide / 2) / (wide / 2), (y - 0.1 - high / 2) / (high / 2)
        assert math.hypot(*at) == pytest.approx(1, abs=3e-4 + 2e-4 / min(wide, high))


@given(words, st.sampled_from([2.1, 3.0, 6.0]))
def test_each_character_stands_where_the_one_before_it_ends(text: str, size: float) -> None:
    canvas = Canvas(count(1))
    canvas.text(text, 1.0, 2.0, size)
    found = re.search('DeltaX="(.*?)"', canvas.objects[0])

    steps = list(expand_steps(found[1] if found else ""))

    assert steps == pytest.approx([advance(c) * size / FULL for c in text[:-1]], abs=1e-4)


@given(st.sets(words, min_size=1, max_size=5))
def test_the_font_has_every_character_in_use_and_no_other(texts: set[str]) -> None:
    face = hb.Face(cut_font(texts))
    font = hb.Font(face)
    wanted = {character for text in texts for character in text}

    assert set(face.unicodes) == {ord(character) for character in wanted}
    for character in wanted:
        glyph = font.get_nominal_glyph(ord(character))
        assert glyph
        assert font.get_glyph_h_advance(glyph) * FULL / face.upem == pytest.approx(
            advance(character), abs=1
        )


def test_a_font_is_cut_the_same_each_time() -> None:
    assert cut_font({"发票", "abc"}) == cut_font({"abc", "票发"})


def test_a_package_bears_one_time_and_keeps_its_order() -> None:
    data = pack({"OFD.xml": b"<a/>", "Doc_0/b": b"b" * 1000}, at=AT)

    with zipfile.ZipFile(io.BytesIO(data)) as package:
        entries = package.infolist()
        assert package.testzip() is None

    assert [entry.filename for entry in entries] == ["OFD.xml", "Doc_0/b"]
    assert {entry.date_time for entry in entries} == {(2026, 11, 26, 0, 30, 4)}, "Beijing time"


def test_an_ordinary_file_is_small() -> None:
    assert len(unsigned_ofd(lawful_draft())) < 80_000


def test_boxes_are_numbers_with_blanks_between() -> None:
    assert array(0, -0.00001, 210, 3.14159) == "0 0 210 3.1416"
