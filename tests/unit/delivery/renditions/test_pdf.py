"""The PDF: the same bytes for the same invoice, all its text, the XML inside, PDF/A-3 as far as
software here can tell (typst's own checks, and the marks that a reader finds)."""

import hashlib
import io
import subprocess
import sys
import time

import pypdf
import pypdfium2
import pytest
from hypothesis import given, settings

from kaipiao.delivery.renditions.face.compose import compose_face
from kaipiao.delivery.renditions.face.layout import lay_out
from kaipiao.delivery.renditions.pdf.drawing import Attachment
from kaipiao.delivery.renditions.pdf.typeset import set_pdf, set_png
from kaipiao.delivery.renditions.source import Source
from kaipiao.fiscal.draft import Draft
from tests.strategies import lawful_draft, lawful_drafts, make_line, sampled_drafts
from tests.unit.delivery.renditions.invoices import IMPRINT, source_of
from tests.unit.delivery.renditions.test_face import longest_draft

XML = '<?xml version="1.0" encoding="UTF-8"?>\n<甲 乙="&amp;">文字\n</甲>\n'
FILE = Attachment("26311000000000000042.xml", XML, "application/xml", "发票数据")


def pdf_of(draft: Draft, *files: Attachment) -> bytes:
    source: Source = source_of(draft)
    return set_pdf(compose_face(source), IMPRINT.platform, files)


def texts_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    return bare("".join(page.get_textpage().get_text_range() for page in document))


def bare(text: str) -> str:
    """Without white space and hyphens: PDFium takes one at the end of a line for a break."""
    return "".join(character for character in text if character.isprintable()).translate(_GAPS)


_GAPS = {ord(" "): None, ord("-"): None}


@settings(max_examples=25, deadline=None)
@given(lawful_drafts() | sampled_drafts())
def test_the_same_invoice_gives_the_same_bytes(draft: Draft) -> None:
    assert pdf_of(draft, FILE) == pdf_of(draft, FILE)


def test_another_process_gives_the_same_bytes_too() -> None:
    program = (
        "import hashlib\n"
        "from tests.strategies import lawful_draft\n"
        "from tests.unit.delivery.renditions.test_pdf import FILE, pdf_of\n"
        "print(hashlib.sha256(pdf_of(lawful_draft(), FILE)).hexdigest())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    mine = hashlib.sha256(pdf_of(lawful_draft(), FILE)).hexdigest()

    assert done.stdout.decode().strip() == mine


@settings(max_examples=25, deadline=None)
@given(lawful_drafts() | sampled_drafts())
def test_every_placed_text_can_be_copied(draft: Draft) -> None:
    copied = texts_of(pdf_of(draft))

    for sheet in lay_out(compose_face(source_of(draft))):
        for text in sheet.texts:
            assert bare(text.text) in copied


def test_the_attached_xml_is_the_one_that_was_given_to_the_byte() -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(lawful_draft(), FILE)))

    assert reader.attachments == {FILE.name: [XML.encode()]}
    (attached,) = reader.attachment_list
    assert attached.subtype == "/application/xml"
    assert attached.associated_file_relationship == "/Alternative"


def test_it_says_pdf_a_3b_and_whose_it_is() -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(lawful_draft(), FILE)))
    about = reader.xmp_metadata
    assert about is not None

    assert about.pdfaid_part == "3"
    assert about.pdfaid_conformance == "B"
    assert reader.metadata is not None
    assert reader.metadata.title == "电子发票（普通发票） 26311000000000000042"
    assert reader.metadata.author == IMPRINT.platform
    assert str(reader.metadata.creation_date)[:19] == "2026-11-25 02:03:04"


def test_it_has_what_pdf_a_3_asks_of_a_file_with_files_inside() -> None:
    """ISO 19005-3: colours that mean something, files that belong to it, an id, no lock."""
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(lawful_draft(), FILE)))
    root = reader.trailer["/Root"]
    (intent,), (associated,) = root["/OutputIntents"], root["/AF"]

    assert intent.get_object()["/S"] == "/GTS_PDFA1"
    assert intent.get_object()["/DestOutputProfile"].get_data()[36:40] == b"acsp"
    assert associated.get_object()["/UF"] == FILE.name
    assert len(reader.trailer["/ID"]) == 2
    assert not reader.is_encrypted
    assert "/JavaScript" not in root.get("/Names", {})


def test_every_font_is_embedded_and_every_page_has_its_size() -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(lawful_draft(lines=(make_line(),) * 40))))

    assert len(reader.pages) == 3
    for page in reader.pages:
        assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [210, 140]
        fonts = page["/Resources"]["/Font"]
        assert fonts
        for font in fonts.values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            assert "/FontFile2" in inner["/FontDescriptor"].get_object()


@pytest.mark.parametrize("character", ["\U0002a6d6", "😀", "\u0e01"])
def test_an_old_invoice_whose_character_no_font_has_is_printed_with_a_geta(character: str) -> None:
    copied = texts_of(pdf_of(lawful_draft(issuer=f"赵{character}示例", remark=character)))

    assert "赵〓示例" in copied


def test_the_longest_texts_can_be_set() -> None:
    assert texts_of(pdf_of(longest_draft(3))).count("项") >= 3 * 717


def test_two_thousand_lines_are_set_in_a_few_seconds() -> None:
    draft = lawful_draft(lines=tuple(make_line(name=f"*文具*{at:04}") for at in range(2000)))
    begun = time.process_time()
    pdf = pdf_of(draft, FILE)

    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 119
    assert time.process_time() - begun < 119 * 0.025, "25 ms a page"


def test_a_picture_shows_all_pages_below_one_another() -> None:
    from PIL import Image

    face = compose_face(source_of(lawful_draft(lines=(make_line(),) * 20)))
    picture = Image.open(io.BytesIO(set_png(face, IMPRINT.platform, ppi=96)))

    assert len(face.pages) == 2
    assert picture.size == (794, 1058)


def test_a_text_is_never_taken_for_markup() -> None:
    name = '*文具*#panic("x") $x^2$ `raw` _u_ // -- "q" <a> @b ~ \\n [c] {d}'
    draft = lawful_draft(lines=(make_line(name=name),), issuer="#let", remark="= 甲\n- 乙")

    copied = texts_of(pdf_of(draft))

    assert bare(name) in copied
    assert "#let" in copied
    assert "=甲乙" in copied
