"""PDF and PNG among the other kinds: what is attached, read back, and refused."""

import io

import pypdf
import pytest

from kaipiao.delivery.readers.document import to_draft
from kaipiao.delivery.readers.read import read_document
from kaipiao.delivery.readers.report import QrReport, is_false, read_report
from kaipiao.delivery.renditions.face.compose import compose_face
from kaipiao.delivery.renditions.make import CannotRender, Press, as_rendition
from kaipiao.fiscal.qr import read_qr
from tests.strategies import lawful_draft, make_line
from tests.unit.delivery.renditions.invoices import source_of

SOURCE = source_of(lawful_draft())


def test_the_attached_xml_is_the_xml_rendition() -> None:
    press = Press()
    pdf = pypdf.PdfReader(io.BytesIO(press.render(SOURCE, "pdf")))

    assert pdf.attachments == {"26311000000000000042.xml": [press.render(SOURCE, "xml")]}


def test_the_accounting_data_are_attached_when_they_are_asked_for() -> None:
    press = Press()
    pdf = pypdf.PdfReader(io.BytesIO(press.render(SOURCE, "pdf-xbrl")))

    assert pdf.attachments == {
        "26311000000000000042.xml": [press.render(SOURCE, "xml")],
        "26311000000000000042-xbrl.xml": [press.render(SOURCE, "xbrl")],
    }


def test_a_file_is_named_after_the_number_and_what_it_is() -> None:
    names = [as_rendition("1", kind, b"").file_name for kind in ("pdf", "pdf-xbrl", "png", "xbrl")]

    assert names == ["1.pdf", "1-xbrl.pdf", "1.png", "1-xbrl.xml"]


def test_our_reader_reads_our_pdf_and_finds_nothing_false() -> None:
    pdf, xml = Press().render(SOURCE, "pdf"), Press().render(SOURCE, "xml")

    assert to_draft(read_document(pdf)) == to_draft(read_document(xml))
    assert not is_false(read_report(pdf))


def test_our_reader_reads_the_code_in_our_picture() -> None:
    report = read_report(Press().render(SOURCE, "png"))

    assert isinstance(report, QrReport)
    assert not is_false(report)
    assert report.fields == read_qr(compose_face(SOURCE).qr)


def test_a_picture_is_a_png() -> None:
    assert Press().render(SOURCE, "png").startswith(b"\x89PNG\r\n")


def test_a_picture_of_too_many_pages_is_refused_with_a_way_out() -> None:
    source = source_of(lawful_draft(lines=(make_line(),) * 300))

    with pytest.raises(CannotRender) as refused:
        Press().render(source, "png")

    assert "PDF" in refused.value.zh
    assert "at most 12" in refused.value.en
