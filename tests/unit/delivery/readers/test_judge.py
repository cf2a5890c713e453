"""A document is doubted wherever it does not agree with itself, and only there."""

import msgspec
import pytest

from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.judge import check_document, judge
from kaipiao.delivery.readers.read import read_document
from kaipiao.fiscal.qr import compose_qr, crc16
from tests.made_documents import (
    CHECK_CODE,
    CODE,
    NUMBER,
    OLD_NUMBER,
    SHOWN,
    einvoice,
    ofd_parts,
    packed,
    vat2019,
    xbrl,
)

WRONG_ID = "91319900MA00000011"


def codes(document: Document) -> list[str]:
    return [violation.code for violation in judge(document)]


def qr_of(amount: str = "100.00", number: str = OLD_NUMBER, check: str = CHECK_CODE) -> str:
    covered = f"01,10,{CODE},{number},{amount},20261124,{check},"
    return f"{covered}{crc16(covered.encode()):04X}"


@pytest.mark.parametrize(
    "data",
    [
        einvoice(),
        vat2019(qr_of()),
        xbrl(),
        packed(ofd_parts()),
        packed(ofd_parts(vat2019(qr_of()))),
    ],
)
def test_a_right_document_is_not_doubted(data: bytes) -> None:
    assert judge(read_document(data)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"TotalAmWithoutTax": "100.01"}, {"total-differs"}),
        ({"TotalTaxAm": "12.99"}, {"total-differs"}),
        ({"TotalTax__includedAmount": "113.01"}, {"total-differs", "words-differ"}),
        ({"TotalTax__includedAmountInChinese": "壹佰壹拾贰圆整"}, {"words-differ"}),
        ({"TotalTax__includedAmountInChinese": "about a hundred"}, {"words-differ"}),
        ({"EIid": NUMBER[:-1] + "3"}, {"number-differs"}),
        ({"InvoiceNumber": "42", "EIid": "42"}, {"number-malformed"}),
        ({"SellerIdNum": WRONG_ID}, {"seller-id-check-wrong"}),
        ({"TotaltaxIncludedAmount": "113.01"}, {"amounts-do-not-add-up"}),
        ({"TaxRate": "0.14"}, {"rate-not-in-force", "tax-off"}),
        ({"Quantity": "3"}, {"quantity-price-off"}),
    ],
)
def test_each_contradiction_is_named(change: dict[str, str], expected: set[str]) -> None:
    assert set(codes(read_document(einvoice(**change)))) == expected


@pytest.mark.parametrize(
    ("net", "tax", "gross", "paths"),
    [
        (10_001, 1_299, 11_300, {"/net_fen", "/tax_fen"}),
        (10_000, 1_301, 11_301, {"/tax_fen"}),
        (9_999, 1_300, 11_299, {"/net_fen"}),
        (10_000, 1_300, 11_301, {"/gross_fen"}),
    ],
)
def test_each_total_is_the_sum_of_its_parts(
    net: int, tax: int, gross: int, paths: set[str]
) -> None:
    document = msgspec.structs.replace(
        read_document(einvoice()), net_fen=net, tax_fen=tax, gross_fen=gross, words=""
    )

    assert {violation.path for violation in judge(document)} == paths


@pytest.mark.parametrize("words", ["壹佰壹拾叁元整", "壹佰壹拾叁圆", "壹佰壹拾叁圆零角零分"])
def test_every_lawful_spelling_of_the_words_is_right(words: str) -> None:
    change = {"TotalTax__includedAmountInChinese": words}

    assert judge(read_document(einvoice(**change))) == []


@pytest.mark.parametrize(
    ("qr", "expected"),
    [
        (qr_of(amount="113.00"), ["qr-differs"]),
        (qr_of(number="00000043"), ["qr-differs"]),
        (qr_of(check="1" * 20), ["qr-differs"]),
        (qr_of()[:-4] + "0000", ["qr-checksum-unknown"]),
        ("hello", ["qr-malformed"]),
    ],
)
def test_the_qr_text_is_compared_with_the_document(qr: str, expected: list[str]) -> None:
    assert codes(read_document(vat2019(qr))) == expected


def test_an_unknown_checksum_is_only_a_warning() -> None:
    (violation,) = judge(read_document(vat2019(qr_of()[:-4] + "0000")))

    assert violation.severity == "warning"


def test_a_digital_invoices_qr_text_holds_the_gross_amount() -> None:
    document = read_document(einvoice())
    right, wrong = (
        compose_qr(qr_type="31", number=NUMBER, gross_fen=fen, day=document.issued_on)
        for fen in (11_300, 10_000)
    )

    assert codes(msgspec.structs.replace(document, qr=right)) == []
    assert codes(msgspec.structs.replace(document, qr=wrong)) == ["qr-differs"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("11", "00000043"), ("12", "2026年11月25日"), ("13", WRONG_ID), ("15", "114.00"), ("16", "x")],
)
def test_a_page_that_shows_something_else_is_doubted(text: str, shown: str) -> None:
    parts = ofd_parts(vat2019(qr_of()), shown=SHOWN | {text: shown})

    assert codes(read_document(packed(parts))) == ["page-differs"]


def test_a_rate_that_is_not_printed_is_not_judged() -> None:
    change = {"TaxRate": "***", "ComTaxAm": "1.00", "TotalTaxAm": "1.00"}
    totals = {
        "TotaltaxIncludedAmount": "101.00",
        "TotalTax__includedAmount": "101.00",
        "TotalTax__includedAmountInChinese": "壹佰零壹圆整",
    }

    assert judge(read_document(einvoice(**change, **totals))) == []


def test_every_doubt_says_what_to_do_in_both_languages() -> None:
    document = read_document(vat2019("hello"))
    broken = msgspec.structs.replace(
        document, number="", net_fen=1, words="x", shown=(("InvoiceNo", "1"),), header_number="1"
    )

    found = check_document(broken)

    assert len(found) == 7
    assert all(v.path.startswith("/") and v.zh.endswith("。") and v.en.endswith(".") for v in found)
