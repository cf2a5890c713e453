"""A PDF is read by the invoice attached to it, and by nothing that it draws."""

import io
import re

import pytest
from pypdf import PdfWriter

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.pdf import read_pdf
from kaipiao.delivery.readers.report import read_report
from tests.made_documents import NUMBER, einvoice, mutations, xbrl
from tests.made_pdfs import pdf, stream, with_attached

INVOICE = {"invoice.xml": einvoice()}


@pytest.mark.parametrize("by", ["Names", "AF"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_attached_invoice_is_read(by: str, packed: bool) -> None:
    document = read_pdf(pdf(with_attached(INVOICE, by=by, packed=packed)))

    assert (document.form, document.number, document.gross_fen) == ("einvoice", NUMBER, 11_300)
    assert (document.attachments, document.read_from) == (("invoice.xml",), ("invoice.xml",))
    assert document.pages == 1


def test_a_pdf_that_another_program_wrote_is_read() -> None:
    """With object streams' worth of differences: names in UTF-16, indirect lengths."""
    writer = PdfWriter()
    writer.add_blank_page(595, 396)
    writer.add_attachment("发票.xml", einvoice())
    file = io.BytesIO()
    writer.write(file)

    document = read_pdf(file.getvalue())

    assert (document.number, document.attachments) == (NUMBER, ("发票.xml",))


def test_the_first_file_that_is_an_invoice_is_taken() -> None:
    files = {"readme.txt": b"hello", "other.xml": b"<a/>", "data.xml": xbrl()}

    document = read_pdf(pdf(with_attached(files)))

    assert (document.form, document.read_from) == ("xbrl", ("data.xml",))
    assert document.attachments == tuple(files)


def test_a_deep_name_tree_is_walked() -> None:
    objects = with_attached(INVOICE)
    objects[1] = b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 20 0 R >> >>"
    for number in range(20, 60):
        objects[number] = b"<< /Kids [%d 0 R] >>" % (number + 1)
    objects[60] = b"<< /Names [(invoice.xml) 10 0 R] >>"

    assert read_pdf(pdf(objects)).number == NUMBER


def test_pages_and_signatures_are_never_said_to_be_checked() -> None:
    plain = read_report(pdf(with_attached(INVOICE)))
    signed = read_report(pdf(with_attached(INVOICE, catalog=b"/AcroForm << /SigFlags 3 >>")))

    assert plain.kind == "pdf"
    assert (plain.verdicts["page"].verdict, plain.verdicts["seal"].verdict) == ("unknown", "absent")
    assert signed.verdicts["seal"].verdict == "unknown"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pdf(with_attached({})), "no invoice XML is attached"),
        (pdf(with_attached({"a.xml": b"<a/>"})), "no invoice XML is attached"),
        (pdf(with_attached({"a.xml": b"<EInvoice/>"})), "TaxSupervisionInfo"),
        (pdf(with_attached({"a.xml": b"<EInvoice>"})), "not well-formed"),
        (b"%PDF-1.7", "damaged"),
        (b"%PDF-1.7\n" + b"\0" * 5_000, "damaged"),
        (pdf(with_attached(INVOICE))[:600], "damaged|no invoice XML"),
        (
            pdf(with_attached(INVOICE), trailer=b"/Encrypt << /Filter /Standard /V 1 /R 2 "
                b"/O (" + b"x" * 32 + b") /U (" + b"x" * 32 + b") /P -4 >> /ID [(a) (a)]"),
            "encrypted|damaged",
        ),
        (
            pdf(with_attached(INVOICE) | {11: stream(einvoice()).replace(b"/FlateDecode",
                                                                         b"/LZWDecode  ")}),
            "packed in a way",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_pdf(data)

    assert re.search(said, str(caught.value))
    assert caught.value.zh


def test_a_damaged_pdf_is_read_or_unreadable_and_nothing_else() -> None:
    for damaged in mutations(pdf(with_attached(INVOICE, packed=False)), rounds=150):
        try:
            read_report(damaged)
        except Unreadable:
            continue
