"""The pages as a viewer draws them, from nothing but the file."""

import re

import pytest
import zxingcpp
from PIL import Image

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.qr import read_qr
from tests.golden.pictures import PPI, difference, path_of
from tests.made_documents import unpacked
from tests.ofd_pictures import Viewer
from tests.unit.delivery.renditions.invoices import NUMBER
from tests.unit.delivery.renditions.ofd.forms import FORMS, GOLDEN
from tests.unit.delivery.renditions.ofd.made import unsigned_ofd

TOLERANCE = 40
"""Of 255, after blurring: two programs round edges otherwise."""

OPENING = 100
"""Where words begin with a bracket, which PDFium's page has half a character further left."""

FINER = 4
"""Drawn this much larger, then shrunk, for want of smooth edges."""

forms = pytest.mark.parametrize("draft", FORMS.values(), ids=FORMS)


@forms
def test_a_scanner_reads_the_qr_code_off_the_first_and_the_last_page(draft: Draft) -> None:
    viewer = Viewer(unsigned_ofd(draft), scale=5)
    for at in {0, len(viewer.places) - 1}:
        (found,) = zxingcpp.read_barcodes(viewer.draw(at).convert("L"))
        assert read_qr(found.text).number == NUMBER


@pytest.mark.parametrize("form", GOLDEN)
def test_the_page_looks_as_the_pdf_does(form: str) -> None:
    """The picture that a person has looked at was made from the PDF, by another program."""
    kept = Image.open(path_of(form)).convert("RGB")
    page = Viewer(unsigned_ofd(GOLDEN[form]), scale=FINER * PPI / 25.4).draw(0)
    size = (kept.width, page.height * kept.width // page.width)

    found = difference(kept, page.resize(size, Image.Resampling.BOX), blur=3.0)

    assert found <= (OPENING if form == "red-letter" else TOLERANCE)


@forms
def test_nothing_is_drawn_outside_the_paper(draft: Draft) -> None:
    for name, content in unpacked(unsigned_ofd(draft)).items():
        for box in re.findall(rb'Boundary="([^"]*)"', content):
            x, y, wide, high = map(float, box.split())
            assert x >= 0, (name, box)
            assert y >= 0, (name, box)
            assert x + wide <= 210.05, (name, box)
            assert y + high <= 140.05, (name, box)


@forms
def test_no_red_and_no_state_is_drawn(draft: Draft) -> None:
    """A 监制章 is red and names an authority; ours is blue and names the platform."""
    parts = unpacked(unsigned_ofd(draft))
    text = b"".join(content for name, content in parts.items() if name.endswith(".xml")).decode()
    colors = {tuple(map(int, color.split())) for color in re.findall(r'Value="([\d ]+)"', text)}

    assert not [color for color in colors if color[0] > 150 and max(color[1:]) < 60]
    assert not re.search("监制|税务局|税务总局|财政", text)
