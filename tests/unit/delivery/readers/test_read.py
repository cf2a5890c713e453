"""Each format gives the same document, and broken ones say where."""

import re
from datetime import date

import msgspec
import pytest

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document, DocumentLine, to_draft
from kaipiao.delivery.readers.ofd import resolve
from kaipiao.delivery.readers.read import read_document
from tests.made_documents import (
    CODE,
    NUMBER,
    OLD_NUMBER,
    SHOWN,
    TAG,
    einvoice,
    ofd_parts,
    packed,
    vat2019,
    xbrl,
)
from tests.strategies import BUYER, SELLER


def test_a_digital_invoice_is_read_with_its_misspelt_names() -> None:
    document = read_document(einvoice())

    assert (document.form, document.number, document.header_number) == ("einvoice", NUMBER, NUMBER)
    assert (document.kind, document.red, document.issued_on) == (
        "special",
        False,
        date(2026, 11, 24),
    )
    assert (document.net_fen, document.tax_fen, document.gross_fen) == (10_000, 1_300, 11_300)
    assert (document.words, document.issuer, document.remark) == (
        "壹佰壹拾叁圆整",
        "李示例",
        "合同一号",
    )
    assert (document.buyer.telephone, document.buyer.address) == ("000-1", "虚构路1号")
    line = document.lines[0]
    assert (line.gross_fen, line.tax_class, line.spec) == (11_300, "1060401010000000000", "A4")


@pytest.mark.parametrize("data", [vat2019(), xbrl(), packed(ofd_parts()), einvoice()])
def test_every_format_tells_the_same_sale(data: bytes) -> None:
    document = read_document(data)

    assert (document.net_fen, document.tax_fen, document.gross_fen) == (10_000, 1_300, 11_300)
    assert document.issued_on == date(2026, 11, 24)
    assert document.seller.taxpayer_id == SELLER.taxpayer_id
    assert [(ln.name, ln.net_fen, ln.rate_bp) for ln in document.lines] == [
        ("*文具*文件盒", 10_000, 1300)
    ]


def test_a_device_era_invoice_has_a_code_and_an_eight_digit_number() -> None:
    document = read_document(vat2019("01,10,x,y,100.00,20261124,z,0000"))

    assert (document.code, document.number, document.kind) == (CODE, OLD_NUMBER, "ordinary")
    assert document.qr.startswith("01,10,")
    assert read_document(vat2019("01,01,x,y,100.00,20261124,z,0000")).kind == "special"


def test_an_ofd_gives_its_attachment_and_what_the_page_shows() -> None:
    document = read_document(packed(ofd_parts(vat2019())))

    assert (document.form, document.pages) == ("vat2019", 1)
    assert document.buyer.name == BUYER.name
    assert document.words == "壹佰壹拾叁圆整"
    assert dict(document.shown)["TaxInclusiveTotalAmount"] == "¥113.00"
    assert dict(document.shown)["Seller/SellerTaxID"] == SELLER.taxpayer_id


def test_an_ofd_without_attachment_is_read_by_its_tags() -> None:
    document = read_document(packed(ofd_parts()))

    assert (document.form, document.number) == ("ofd-tags", OLD_NUMBER)


def test_broken_tags_only_cost_what_they_decorate() -> None:
    parts = ofd_parts(vat2019(), tag=TAG + "</unopened>")

    document = read_document(packed(parts))

    assert (document.number, document.shown) == (OLD_NUMBER, ())
    with pytest.raises(Unreadable, match="no invoice data"):
        read_document(packed(ofd_parts(tag="")))


def test_two_texts_in_numerals_are_no_words() -> None:
    document = read_document(packed(ofd_parts(vat2019(), shown=SHOWN | {"21": "壹拾圆整"})))

    assert document.words == ""


@pytest.mark.parametrize("part", list(ofd_parts(vat2019())))
def test_a_missing_part_is_named_or_only_decorates(part: str) -> None:
    parts = ofd_parts(vat2019())
    del parts[part]

    if "Tags" in part:
        assert read_document(packed(parts)).number == OLD_NUMBER
    else:
        with pytest.raises(Unreadable) as caught:
            read_document(packed(parts))
        assert caught.value.where == part


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"Amount": "about a hundred"}, "IssuItemInformation[1]/Amount"),
        ({"TaxRate": "13"}, "IssuItemInformation[1]/TaxRate"),
        ({"TotalTaxAm": ""}, "BasicInformation/TotalTaxAm"),
        ({"TotalTax__includedAmount": "113.001"}, "BasicInformation/TotalTax-includedAmount"),
        ({"IssueTime": "yesterday"}, "TaxSupervisionInfo/IssueTime"),
        ({"Quantity": "two"}, "IssuItemInformation[1]/Quantity"),
    ],
)
def test_an_unreadable_element_is_named(change: dict[str, str], where: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_document(einvoice(**change))

    assert caught.value.where.endswith(where)
    assert caught.value.zh


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<html/>", b"%PDF-1.7", b"PK\x03\x04", b"\0" * 99]
)
def test_what_is_no_invoice_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_document(data)


def test_what_a_buyer_books_is_no_invoice() -> None:
    """The names are those of ``einv`` (2023-12-31), as two public programs write them."""
    booked = xbrl().replace(b"NumberOfInvoice", b"InvoiceNumber")

    with pytest.raises(Unreadable, match="a buyer books"):
        read_document(booked)


def test_an_instance_in_another_currency_is_refused() -> None:
    with pytest.raises(Unreadable, match="CNY"):
        read_document(xbrl("USD"))


@pytest.mark.parametrize(
    ("base", "location", "path"),
    [
        ("OFD.xml", "Doc_0/Document.xml", "Doc_0/Document.xml"),
        ("Doc_0/Document.xml", "Pages/P/Content.xml", "Doc_0/Pages/P/Content.xml"),
        ("Doc_0/Signs/Signatures.xml", "/Doc_0/OFD.xml", "Doc_0/OFD.xml"),
        ("Doc_0/Tags/CustomTags.xml", "../Res/a.png", "Doc_0/Res/a.png"),
    ],
)
def test_locations_are_read_from_where_they_are_written(
    base: str, location: str, path: str
) -> None:
    assert resolve(base, location) == path


@pytest.mark.parametrize(
    "location", ["", ".", "/", "../x", "/../x", "a/../../../x", "//etc/x/../.."]
)
def test_a_location_outside_the_package_leads_nowhere(location: str) -> None:
    with pytest.raises(Unreadable):
        resolve("OFD.xml", location)


def test_a_negative_line_after_its_like_is_its_discount() -> None:
    document = _with_lines(read_document(einvoice()), 10_000, -1_000, 5_000)

    assert [line.nature for line in to_draft(document).lines] == [
        "discounted",
        "discount",
        "normal",
    ]


def test_a_red_letter_has_no_discounts() -> None:
    red = read_document(einvoice(InIssuType="N", TotalTax__includedAmount="-113.00"))
    draft = to_draft(_with_lines(red, 1_000, -10_000))

    assert draft.reversal is not None
    assert {line.nature for line in draft.lines} == {"normal"}


def test_a_document_becomes_the_draft_that_it_came_from() -> None:
    draft = to_draft(read_document(einvoice()))

    assert (draft.kind, draft.seller.name, draft.issuer) == ("special", SELLER.name, "李示例")
    line = draft.lines[0]
    assert (line.net_fen, line.tax_fen, line.gross_fen, line.rate_bp) == (
        10_000,
        1_300,
        11_300,
        1300,
    )
    assert (line.quantity, line.unit_price) == ("2", "50")


@pytest.mark.timeout(20)
def test_a_part_named_ten_thousand_times_is_read_once() -> None:
    parts = ofd_parts(vat2019(), shown=SHOWN | {str(n): "虚构" for n in range(100, 3_000)})
    many = b'<Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>' * 10_000
    parts["Doc_0/Document.xml"] = re.sub(
        rb"<Pages>.*</Pages>", b"<Pages>" + many + b"</Pages>", parts["Doc_0/Document.xml"]
    )

    assert read_document(packed(parts)).pages == 10_000


def _with_lines(document: Document, *nets: int) -> Document:
    lines = tuple(
        DocumentLine(name="*文具*文件盒", net_fen=net, tax_fen=0, rate_bp=1300) for net in nets
    )
    return msgspec.structs.replace(document, lines=lines)
