"""Documents and lists that nobody on this project wrote: every verdict of their manifest.

They contain real companies, so they are not in the repository and nothing of them is printed.
"""

import contextlib
import csv
import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document, to_draft
from kaipiao.delivery.readers.judge import check_document, judge
from kaipiao.delivery.readers.ofd_seal import check_seals
from kaipiao.delivery.readers.read import read_document
from kaipiao.delivery.readers.report import is_false, read_report
from kaipiao.fiscal.number import number_parts, parse_number
from kaipiao.fiscal.qr import read_qr
from kaipiao.fiscal.tax import tax_on_net
from kaipiao.fiscal.taxpayer import has_right_check, parse_taxpayer_id
from kaipiao.fiscal.violation import errors_of
from kaipiao.fiscal.words import read_words
from kaipiao.regimes.cn.rules import check
from tests.journeys.cells import kaipiao
from tests.made_documents import mutations

SAMPLES = Path(__file__).parents[2] / "../shared/samples"
VAT2020 = "ofd/vat2020_zhejiang_033002000211_83089647.ofd"
XBRL2022 = "ofd/xbrl2022_zhejiang_03300220021199934328.ofd"
VENDORTEST = "ofd/vendortest_multipage_050001700111_12235358.ofd"
EINVOICE = "xml/eui_v0.31_special_redacted.xml"
OFDS = [VAT2020, XBRL2022, VENDORTEST]

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the real documents (../shared/samples) are not here"
)


def read(name: str) -> Document:
    return read_document((SAMPLES / name).read_bytes())


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLES / "lists" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_genuine_invoice_of_2020_is_right_in_everything() -> None:
    document = read(VAT2020)

    assert judge(document) == []
    assert (document.code, document.number) == ("033002000211", "83089647")
    assert (document.kind, document.issued_on) == ("ordinary", date(2020, 7, 23))
    assert (document.net_fen, document.tax_fen, document.gross_fen) == (51_068, 1_532, 52_600)
    assert read_words(document.words) == document.gross_fen
    (line,) = document.lines
    assert tax_on_net(line.net_fen, line.rate_bp or 0) == line.tax_fen
    assert has_right_check(document.seller.taxpayer_id)
    assert has_right_check(document.buyer.taxpayer_id)
    assert read_qr(document.qr).checksum == "umts"


def test_its_malformed_custom_tags_are_read_all_the_same() -> None:
    shown = dict(read(VAT2020).shown)

    assert shown["InvoiceNo"] == "83089647"
    assert shown["TaxInclusiveTotalAmount"] == "¥526.00"


@pytest.mark.parametrize(("name", "digests"), [(VAT2020, 13), (XBRL2022, 7), (VENDORTEST, 20)])
def test_every_digest_and_signature_of_the_seals_is_right(name: str, digests: int) -> None:
    report = check_seals((SAMPLES / name).read_bytes())

    (seal,) = report.seals
    assert report.verdict == "right"
    assert (seal.parts, seal.wrong_parts) == (digests, ())
    assert (seal.hash_right, seal.signature_right) == (True, True)
    assert (seal.maker_right, seal.signer_listed) == (True, True)
    assert report.uncovered == (("OFD.xml",) if name == VENDORTEST else ())


def test_the_accounting_data_of_2022_adds_up() -> None:
    document = read(XBRL2022)

    assert judge(document) == []
    assert (document.net_fen, document.tax_fen, document.gross_fen) == (991, 129, 1_120)
    assert [line.rate_bp for line in document.lines] == [1300]
    assert document.issued_on == date(2022, 9, 1)


def test_the_vendors_test_has_a_hundred_lines_and_a_seller_that_cannot_be() -> None:
    document = read(VENDORTEST)

    assert (document.pages, len(document.lines)) == (5, 100)
    assert check_document(document) == []
    assert [violation.code for violation in judge(document)] == ["seller-id-check-wrong"]


def test_the_digital_special_invoice_is_right_but_for_its_redacted_ids() -> None:
    document = read(EINVOICE)

    assert check_document(document) == []
    assert [violation.path for violation in judge(document)] == [
        "/seller/taxpayer_id",
        "/buyer/taxpayer_id",
    ]
    assert (document.kind, document.red, document.number) == (
        "special",
        False,
        document.header_number,
    )
    assert (document.net_fen, document.tax_fen, document.gross_fen) == (
        1_584_158,
        15_842,
        1_600_000,
    )
    assert document.issued_at is not None
    assert document.issued_at.date() == document.issued_on


def test_its_arithmetic_was_lawful_on_its_day() -> None:
    document = read(EINVOICE)

    violations = check(to_draft(document), on=document.issued_on, source="outside")

    assert {v.code for v in errors_of(violations)} == {"seller-id-check-wrong"}


VERDICTS = {
    VAT2020: {
        "number": ("right", 1),
        "arithmetic": ("right", 4),
        "words": ("right", 1),
        "ids": ("right", 2),
        "law": ("right", 10),
        "qr": ("right", 5),
        "page": ("right", 8),
        "digests": ("right", 13),
        "seal": ("right", 2),
        "evidence": ("absent", 0),
        "issued": ("unknown", 0),
    },
    XBRL2022: {
        "number": ("right", 1),
        "arithmetic": ("right", 4),
        "words": ("right", 1),
        "ids": ("right", 2),
        "law": ("right", 10),
        "qr": ("absent", 0),
        "page": ("absent", 0),
        "digests": ("right", 7),
        "seal": ("right", 2),
        "evidence": ("absent", 0),
        "issued": ("unknown", 0),
    },
    VENDORTEST: {
        "number": ("right", 1),
        "arithmetic": ("right", 103),
        "words": ("right", 1),
        "ids": ("wrong", 1),
        "law": ("right", 10),
        "qr": ("right", 5),
        "page": ("right", 7),
        "digests": ("right", 20),
        "seal": ("right", 2),
        "evidence": ("absent", 0),
        "issued": ("unknown", 0),
    },
    EINVOICE: {
        "number": ("right", 2),
        "arithmetic": ("right", 4),
        "words": ("right", 1),
        "ids": ("wrong", 2),  # the ids are redacted
        "law": ("right", 10),
        "qr": ("absent", 0),
        "page": ("absent", 0),
        "digests": ("absent", 0),
        "seal": ("unknown", 0),  # signed, over bytes that nobody has published
        "evidence": ("absent", 0),
        "issued": ("unknown", 0),
    },
}


@pytest.mark.parametrize("name", list(VERDICTS))
def test_every_rule_has_its_verdict_and_no_more_is_claimed(name: str) -> None:
    report = read_report((SAMPLES / name).read_bytes())

    told = {rule: (found.verdict, found.checked) for rule, found in report.verdicts.items()}
    assert told == VERDICTS[name]
    assert is_false(report) is any(verdict == "wrong" for verdict, _ in told.values())


@pytest.mark.parametrize("name", list(VERDICTS))
def test_a_script_is_told_the_same_and_by_the_exit_code(name: str) -> None:
    done = kaipiao("read", SAMPLES / name, "--json")

    told = json.loads(done.stdout)
    assert set(told) == {"kind", "fields", "verdicts"}
    assert told["kind"] == name.partition("/")[0]
    assert {rule: (v["verdict"], v["checked"]) for rule, v in told["verdicts"].items()} == (
        VERDICTS[name]
    )
    assert done.returncode == (1 if name in (VENDORTEST, EINVOICE) else 0)


def test_all_that_the_digital_invoice_says_comes_out() -> None:
    """Whatever the reader has no field of its own for is kept, by its path."""
    document = read(EINVOICE)

    tree = ElementTree.fromstring((SAMPLES / EINVOICE).read_bytes())
    said = {(node.text or "").strip() for node in tree.iter()} - {""}
    kept = json.dumps(msgspec.to_builtins(document), ensure_ascii=False)
    money = {"15841.58", "158.42", "16000.00", "0.01"}
    assert {text for text in said - money if text not in kept} == {"2024-01-24 16:23:48"}
    assert document.version == "0.31"
    assert dict(document.more)["Header/InherentLabel/GeneralOrSpecialVAT/LabelCode"] == "01"
    assert dict(document.more)["TaxBureauSignature/SignatureFormat"] == "DETACH"


@pytest.mark.parametrize(
    ("name", "parts"), [(VAT2020, (1, 1, 1)), (XBRL2022, (1, 0, 1)), (VENDORTEST, (5, 5, 1))]
)
def test_pages_templates_and_attachments_are_told(name: str, parts: tuple[int, int, int]) -> None:
    document = read(name)

    assert (document.pages, document.templates, len(document.attachments)) == parts
    assert set(document.attachments) <= set(document.read_from)


def test_every_collected_taxpayer_id_has_its_verdict() -> None:
    for row in rows("taxpayer_ids.csv"):
        assert has_right_check(row["taxpayer_id"]) is (row["valid"] == "1")
        if row["valid"] == "1":
            assert parse_taxpayer_id(row["taxpayer_id"]) == row["taxpayer_id"]
        else:
            with pytest.raises(ValueError):
                parse_taxpayer_id(row["taxpayer_id"])


def test_every_collected_number_is_one_and_tells_its_year() -> None:
    provinces = {row["code"] for row in rows("gb2260_provinces.csv")}
    single_cities = {"91", "92", "93", "94", "95"}

    for row in rows("invoice_numbers.csv"):
        parts = number_parts(parse_number(row["number"]))
        assert f"{parts.area:02}" in provinces | single_cities
        if row["issued_on"]:
            assert f"20{parts.year:02}" == row["issued_on"][:4]


def test_every_collected_qr_text_has_its_verdict() -> None:
    for row in rows("qr_strings.csv"):
        reading = read_qr(row["payload"])

        if row["verdict"] == "checksum unknown":
            assert reading.checksum == "unknown"
        else:
            named = row["verdict"].removeprefix("genuine: ").split(",")[0].lower()
            assert reading.checksum == named


@pytest.mark.parametrize("name", [*OFDS, EINVOICE])
def test_a_damaged_document_is_read_or_unreadable_and_nothing_else(name: str) -> None:
    for damaged in mutations((SAMPLES / name).read_bytes(), rounds=50):
        with contextlib.suppress(Unreadable):
            read_report(damaged)
