"""How our pages look: as in the pictures kept here, which a person has looked at.

After a change that is meant to be seen: ``./run golden``, and look at what it wrote.
"""

import msgspec
import pytest
import zxingcpp
from PIL import Image

from kaipiao.delivery.renditions.face.compose import compose_face
from tests.golden.forms import FORMS
from tests.golden.pictures import FOLDER, difference, look, look_at_png, path_of
from tests.unit.delivery.renditions.invoices import source_of

TOLERANCE = 40
"""Of 255, after blurring: another version of the library may round edges otherwise."""


@pytest.mark.parametrize("form", FORMS)
def test_the_page_looks_as_it_did(form: str) -> None:
    kept, now = Image.open(path_of(form)), look(FORMS[form]())

    assert kept.size == now.size
    found = difference(kept, now)
    if found > TOLERANCE:
        now.save(FOLDER / f"{form}.now.png")
    assert found <= TOLERANCE, f"compare {form}.now.png; if it is meant to: ./run golden"


def test_one_fen_more_is_seen() -> None:
    form = FORMS["one-line"]()
    (line,) = form.lines
    other = msgspec.structs.replace(form, lines=(msgspec.structs.replace(line, tax_fen=1_301),))

    assert difference(look(form), look(other)) > 2 * TOLERANCE


@pytest.mark.parametrize("form", FORMS)
def test_the_picture_shows_what_the_pdf_shows(form: str) -> None:
    """Two renderers of two formats agree, whatever they do about edges."""
    draft = FORMS[form]()

    assert difference(look(draft), look_at_png(draft), blur=3.0) <= TOLERANCE


@pytest.mark.parametrize("form", FORMS)
def test_the_code_on_the_page_can_be_scanned(form: str) -> None:
    draft = FORMS[form]()
    codes = zxingcpp.read_barcodes(look(draft).convert("L"))

    assert {code.text for code in codes} == {compose_face(source_of(draft)).qr}


def test_no_picture_is_left_over() -> None:
    kept = {path.stem for path in FOLDER.glob("*.png") if not path.stem.endswith(".now")}
    assert kept == set(FORMS)
