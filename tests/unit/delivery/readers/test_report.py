"""A report has a verdict for every rule, and none says more than was checked."""

import re

import pytest

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.report import is_false, read_report
from kaipiao.delivery.readers.verdict import WORDS, Outcome, Rule
from kaipiao.fiscal.qr import crc16
from tests.made_documents import (
    CHECK_CODE,
    CODE,
    NUMBER,
    OLD_NUMBER,
    SHOWN,
    einvoice,
    ofd_parts,
    packed,
    sealed,
    vat2019,
    xbrl,
)

RULES = list(WORDS)
_COVERED = f"01,10,{CODE},{OLD_NUMBER},100.00,20261124,{CHECK_CODE},"
QR = f"{_COVERED}{crc16(_COVERED.encode()):04X}"
SEALED = sealed(ofd_parts(vat2019(QR)))
NOTHING_SEALED: dict[Rule, Outcome] = {"digests": "absent", "seal": "absent"}
UNTOLD: dict[Rule, Outcome] = {"qr": "absent", "page": "absent"}


def verdicts(data: bytes) -> dict[Rule, Outcome]:
    return {rule: found.verdict for rule, found in read_report(data).verdicts.items()}


def all_right(but: dict[Rule, Outcome]) -> dict[Rule, Outcome]:
    every: dict[Rule, Outcome] = dict.fromkeys(RULES, "right")
    return every | {"evidence": "absent", "issued": "unknown"} | but


@pytest.mark.parametrize(
    ("data", "kind", "but"),
    [
        (einvoice(), "xml", UNTOLD | NOTHING_SEALED),
        (xbrl(), "xbrl", UNTOLD | NOTHING_SEALED),
        (vat2019(QR), "xml", {"page": "absent", "words": "absent"} | NOTHING_SEALED),
        (packed(ofd_parts()), "ofd", {"qr": "absent"} | NOTHING_SEALED),
        (packed(SEALED), "ofd", {}),
    ],
    ids=["einvoice", "xbrl", "vat2019", "ofd by tags", "ofd sealed"],
)
def test_a_right_document_is_right_in_what_it_has(
    data: bytes, kind: str, but: dict[Rule, Outcome]
) -> None:
    report = read_report(data)

    assert report.kind == kind
    assert verdicts(data) == all_right(but)
    assert list(report.verdicts) == RULES
    assert not is_false(report)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"EIid": NUMBER[:-1] + "3"}, "number"),
        ({"TotalAmWithoutTax": "100.01"}, "arithmetic"),
        ({"TotaltaxIncludedAmount": "113.01"}, "arithmetic"),
        ({"Quantity": "3"}, "arithmetic"),
        ({"TotalTax__includedAmountInChinese": "壹佰壹拾贰圆整"}, "words"),
        ({"SellerIdNum": "91319900MA00000011"}, "ids"),
        ({"TaxRate": "0.12", "ComTaxAm": "12.00", "TotalTaxAm": "12.00",
          "TotaltaxIncludedAmount": "112.00", "TotalTax__includedAmount": "112.00",
          "TotalTax__includedAmountInChinese": "壹佰壹拾贰圆整"}, "law"),
    ],
)  # fmt: skip
def test_what_is_false_is_false_of_its_rule_alone(change: dict[str, str], rule: Rule) -> None:
    data = einvoice(**change)

    assert verdicts(data) == all_right(UNTOLD | NOTHING_SEALED | {rule: "wrong"})
    assert read_report(data).verdicts[rule].violations
    assert is_false(read_report(data))


def test_a_changed_part_is_false_of_the_digests_and_not_of_the_seal() -> None:
    part = "Doc_0/Tags/CustomTags.xml"
    changed = packed(SEALED | {part: SEALED[part] + b" "})

    assert verdicts(changed) == all_right({"digests": "wrong"})
    (violation,) = read_report(changed).verdicts["digests"].violations
    assert (violation.code, violation.path) == (
        "digest-wrong",
        "/parts/Doc_0~1Tags~1CustomTags.xml",
    )


def test_a_page_that_no_seal_covers_is_never_called_right() -> None:
    """The seal is right, and says nothing about what a person sees."""
    parts = ofd_parts(vat2019(QR))
    page = "Doc_0/Pages/Page_0/Content.xml"
    without = sealed({name: content for name, content in parts.items() if name != page})
    data = packed(without | {page: parts[page]})

    assert verdicts(data) == all_right({"digests": "unknown"})
    assert read_report(data).verdicts["digests"].violations[0].code == "part-not-sealed"


def test_a_seal_of_another_version_is_unknown() -> None:
    data = packed(sealed(ofd_parts(vat2019(QR)), version=3))

    assert verdicts(data) == all_right({"digests": "unknown", "seal": "unknown"})
    assert not is_false(read_report(data))


def test_a_signature_in_an_xml_is_told_and_not_believed() -> None:
    signed = einvoice().replace(
        b"</EInvoice>",
        b"<TaxBureauSignature><SignatureAlgorithm>1.2.156.10197.1.501</SignatureAlgorithm>"
        b"</TaxBureauSignature></EInvoice>",
    )

    assert verdicts(signed) == all_right(UNTOLD | {"digests": "absent", "seal": "unknown"})


def test_a_page_that_differs_and_a_qr_text_that_differs_are_false() -> None:
    page = packed(ofd_parts(vat2019(QR), shown=SHOWN | {"16": "99.00"}))
    qr = packed(ofd_parts(vat2019(QR.replace("100.00", "99.00"))))

    assert verdicts(page)["page"] == "wrong"
    assert verdicts(qr)["qr"] == "wrong"


def test_an_id_without_check_character_is_unknown() -> None:
    former = re.sub(rb"<(Seller|Buyer)IdNum>[^<]*", rb"<\1IdNum>319900000000001", einvoice())

    assert verdicts(former)["ids"] == "unknown"


@pytest.mark.parametrize(
    ("text", "qr"),
    [(QR, "right"), (QR + ",\n", "right"), (QR[:-4] + "0000", "unknown"), (QR[:-4], "unknown")],
)
def test_a_qr_text_is_read_from_a_file(text: str, qr: str) -> None:
    report = read_report(text.encode())

    assert report.kind == "qr"
    assert {rule: found.verdict for rule, found in report.verdicts.items()} == {
        "number": "right",
        "qr": qr,
        "issued": "unknown",
    }


@pytest.mark.parametrize("data", [b"01,10,", b"01," + b"9" * 10_000, b"01,32,,1,2,3,4"])
def test_what_only_begins_as_a_qr_text_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_report(data)


@pytest.mark.parametrize("rule", RULES)
def test_every_verdict_is_told_in_both_languages(rule: Rule) -> None:
    for zh, en in WORDS[rule].values():
        assert re.search("[\u4e00-\u9fff]", zh)
        assert not re.search("[\u4e00-\u9fff]", en)
