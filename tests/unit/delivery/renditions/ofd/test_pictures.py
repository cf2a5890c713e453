"""The pages as a viewer draws them, from nothing but the file."""

import re

import pytest
import zxingcpp
from tests.made_documents import unpacked
from tests.ofd_pictures import Viewer
from tests.unit.delivery.renditions.invoices import NUMBER
from tests.unit.delivery.renditions.ofd.forms import FORMS
from tests.unit.delivery.renditions.ofd.made import unsigned_ofd

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.qr import read_qr

forms = pytest.mark.parametrize("draft", FORMS.values(), ids=FORMS)


@forms
def test_a_scanner_reads_the_qr_code_off_every_page(draft: Draft) -> None:
    for page in Viewer(unsigned_ofd(draft), scale=5).pages():
        (found,) = zxingcpp.read_barcodes(page.convert("L"))
        assert read_qr(found.text).number == NUMBER


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
