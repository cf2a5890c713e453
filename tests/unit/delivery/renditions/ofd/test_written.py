"""What is written into an OFD is what two readers, ours and another's, find in it."""

import io

import msgspec
import ofdkit
import pytest
from hypothesis import given, settings

from kaipiao.delivery.readers.ofd_invoice import read_ofd
from kaipiao.delivery.readers.report import DocumentReport, is_false, read_report
from kaipiao.delivery.renditions.face.compose import SEE_ABOVE
from kaipiao.delivery.renditions.make import Press, as_rendition
from kaipiao.delivery.renditions.ofd.render import render_ofd
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.price import net_unit_price
from kaipiao.fiscal.words import read_words
from tests.made_documents import packed, unpacked
from tests.strategies import (
    PERSON,
    lawful_draft,
    lawful_drafts,
    make_line,
    sampled_drafts,
)
from tests.unit.delivery.renditions.invoices import NUMBER, issued, source_of
from tests.unit.delivery.renditions.ofd.made import sign, signed_ofd, unsigned_ofd

taxed = (lawful_drafts() | sampled_drafts()).filter(
    lambda draft: any(line.treatment == "taxed" for line in draft.lines)
)
"""Tags point at no stars, so an invoice without any tax to print has no tax in its tags."""


def without_blanks(text: str) -> str:
    """A line may break at a blank, which the page then does not show."""
    return "".join(text.split())


@settings(max_examples=40)
@given(taxed)
def test_our_reader_finds_in_the_tags_what_was_issued(draft: Draft) -> None:
    invoice = issued(draft)

    found = read_ofd(unsigned_ofd(draft))

    assert (found.form, found.number) == ("ofd-tags", NUMBER)
    assert found.issued_on.isoformat() == "2026-11-25"
    totals = invoice.totals
    assert (found.net_fen, found.tax_fen) == (totals.net_fen, totals.tax_fen)
    assert found.gross_fen == totals.gross_fen == read_words(found.words)
    assert found.seller.taxpayer_id == draft.seller.taxpayer_id
    assert found.buyer.taxpayer_id == draft.buyer.taxpayer_id
    assert without_blanks(found.seller.name) == without_blanks(draft.seller.name)
    assert without_blanks(draft.buyer.name) in without_blanks(found.buyer.name)
    assert without_blanks(draft.remark) in without_blanks(found.remark)
    assert found.issuer == draft.issuer
    for shown, line, own in zip(found.lines, draft.lines, invoice.lines, strict=True):
        assert without_blanks(shown.name) == without_blanks(line.name)
        assert shown.net_fen == own.net_fen
        if line.treatment in ("taxed", "zero_rated"):
            assert shown.tax_fen == own.tax_fen
        if line.treatment == "taxed" and draft.margin != "difference":
            assert shown.rate_bp == line.rate_bp


@settings(max_examples=20)
@given(taxed)
def test_another_reader_finds_the_same(draft: Draft) -> None:
    invoice = issued(draft)

    with ofdkit.open(io.BytesIO(signed_ofd(draft))) as document:
        found = document.invoice()

    assert found is not None
    assert found.warnings == []
    assert found.invoice_number == NUMBER
    assert found.issue_date == "2026-11-25"
    assert found.amount_without_tax == format_yuan(invoice.totals.net_fen)
    assert found.tax_amount == format_yuan(invoice.totals.tax_fen)
    assert found.total_amount == format_yuan(invoice.totals.gross_fen)
    assert found.seller.tax_id == draft.seller.taxpayer_id
    assert [item.amount for item in found.items] == [
        format_yuan(own.net_fen) for own in invoice.lines
    ]


@settings(max_examples=20)
@given(lawful_drafts() | sampled_drafts())
def test_as_people_get_it_nothing_is_found_wrong(draft: Draft) -> None:
    """The XML inside, the page, the law and the signature agree."""
    report = read_report(Press(sign).render(source_of(draft), "ofd"))

    assert isinstance(report, DocumentReport)
    assert not is_false(report), report.verdicts
    assert report.fields.form == "einvoice"
    for rule in ("number", "arithmetic", "words", "page", "digests", "seal"):
        assert report.verdicts[rule].verdict == "right", rule


def test_xbrl_stands_beside_the_xml_where_it_is_asked_for() -> None:
    data = Press(sign).render(source_of(lawful_draft()), "ofd-xbrl")

    report = read_report(data)

    assert isinstance(report, DocumentReport)
    assert report.fields.form == "einvoice", "the XML is the invoice"
    assert [path.rpartition("/")[2] for path in report.fields.attachments] == [
        f"{NUMBER}.xml",
        f"{NUMBER}-xbrl.xml",
    ]
    assert report.verdicts["digests"].verdict == "right"
    assert as_rendition(NUMBER, "ofd-xbrl", data).file_name == f"{NUMBER}-xbrl.ofd"


def test_a_forged_total_on_the_page_is_found_wrong() -> None:
    """Even where someone without a key mends every digest."""
    parts = unpacked(Press().render(source_of(lawful_draft()), "ofd"))
    page = "Doc_0/Pages/Page_0/Content.xml"
    forged = parts[page].replace("¥1486.11".encode(), "¥9486.11".encode())
    assert forged != parts[page]

    report = read_report(packed(parts | {page: forged}))

    assert is_false(report)
    assert report.verdicts["page"].verdict == "wrong"


def test_quantity_unit_and_price_are_tagged_too() -> None:
    line = make_line(spec="A4 纸", unit="包", quantity="3.50", unit_price="12.3456789")
    draft = lawful_draft(lines=(line,))

    (found,) = read_ofd(unsigned_ofd(draft)).lines

    assert (found.spec, found.unit) == ("A4 纸", "包")
    assert (found.quantity, found.unit_price) == ("3.50", net_unit_price(line, 10_000))


def test_two_thousand_lines_are_all_there_page_by_page() -> None:
    lines = tuple(make_line(net_fen=100 + n, quantity="", unit_price="") for n in range(2_000))
    draft = lawful_draft(lines=lines)

    found = read_ofd(signed_ofd(draft))

    assert [line.net_fen for line in found.lines] == [100 + n for n in range(2_000)]
    assert found.pages > 100
    assert found.seller.name == draft.seller.name, "what every page repeats is tagged once"


def test_a_line_that_takes_a_page_and_more_is_one_line() -> None:
    name = "*文具*" + "很长的名称" * 140
    draft = lawful_draft(lines=(make_line(name=name), make_line()))

    found = read_ofd(unsigned_ofd(draft))

    assert [line.name for line in found.lines] == [name, "*文具*文件盒"]


def test_a_remark_too_long_for_its_box_is_tagged_where_it_stands() -> None:
    remark = "备注很长，" * 150
    data = unsigned_ofd(lawful_draft(remark=remark))

    found = read_ofd(data)

    assert any(SEE_ABOVE.encode() in content for content in unpacked(data).values())
    assert found.remark.startswith(remark)
    assert SEE_ABOVE not in found.remark, "a pointer is no part of what it points at"


def test_stars_are_no_amount_and_no_tag_points_at_them() -> None:
    exempt = make_line(rate_bp=0, treatment="exempt")
    data = signed_ofd(lawful_draft(lines=(exempt,), buyer=PERSON))

    tag = unpacked(data)["Doc_0/Tags/CustomTag.xml"].decode()

    assert "<fp:Amount>" in tag
    assert "TaxAmount" not in tag
    assert "TaxTotalAmount" not in tag


def test_the_same_invoice_gives_the_same_bytes() -> None:
    draft = lawful_draft()

    assert unsigned_ofd(draft) == unsigned_ofd(draft)


def test_without_a_signature_there_is_no_word_of_one() -> None:
    source = source_of(lawful_draft())

    asked: list[bytes] = []
    refused = render_ofd(source, sign=lambda data: asked.append(data))

    assert len(asked) == 1
    assert refused == render_ofd(source)
    assert b"Signatures" not in unpacked(refused)["OFD.xml"]


@pytest.mark.parametrize("text", ["<&>\"'", "]]>", "a\u0000b\u0007", "\ud7ff\ufffe", "𠮷"])
def test_no_text_breaks_the_markup(text: str) -> None:
    draft = msgspec.structs.replace(lawful_draft(), remark=f"前{text}后")

    found = read_ofd(unsigned_ofd(draft))

    assert found.remark.startswith("前")
    assert "后" in found.remark
