"""A seal is right only if nothing it covers, lists or says has changed."""

import re

import pytest

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.ofd_seal import check_seals
from tests.made_documents import keys, ofd_parts, packed, seal, sealed, vat2019

SIGNATURE = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
PARTS = sealed(ofd_parts(vat2019()))


def test_an_untouched_package_is_right() -> None:
    report = check_seals(packed(PARTS))

    (found,) = report.seals
    assert (report.verdict, report.uncovered) == ("right", ())
    assert (found.parts, found.wrong_parts) == (len(ofd_parts(vat2019())), ())
    assert (found.hash_right, found.signature_right, found.maker_right) == (True, True, True)
    assert (found.name, found.signer, found.maker) == ("虚构印章", "虚构签章人", "虚构制章人")


@pytest.mark.parametrize("part", list(ofd_parts(vat2019())))
def test_a_changed_or_missing_part_is_named(part: str) -> None:
    if part in ("OFD.xml", "Doc_0/Document.xml"):
        changed = PARTS | {part: PARTS[part] + b" "}
    else:
        changed = {name: content for name, content in PARTS.items() if name != part}

    report = check_seals(packed(changed))

    assert report.verdict == "wrong"
    assert report.seals[0].wrong_parts == (part,)
    assert report.seals[0].signature_right


def test_a_changed_list_breaks_the_seals_hash() -> None:
    shorter = re.sub(rb"<Reference .*?</Reference>", b"", PARTS[SIGNATURE], count=1)

    report = check_seals(packed(PARTS | {SIGNATURE: shorter}))

    (found,) = report.seals
    assert (report.verdict, found.hash_right, found.wrong_parts) == ("wrong", False, ())
    assert len(report.uncovered) == 1


def test_an_added_part_is_told_and_leaves_the_seal_right() -> None:
    report = check_seals(packed(PARTS | {"Doc_0/added.xml": b"<a/>"}))

    assert (report.verdict, report.uncovered) == ("right", ("Doc_0/added.xml",))


def test_no_byte_of_the_seal_may_change() -> None:
    for place in range(0, len(PARTS[VALUE]), 3):
        changed = bytearray(PARTS[VALUE])
        changed[place] ^= 0x01

        verdict = check_seals(packed(PARTS | {VALUE: bytes(changed)})).verdict

        assert verdict in ("wrong", "unknown"), f"byte {place}"


def test_a_seal_used_by_a_signer_it_does_not_name_is_wrong() -> None:
    forged = seal(PARTS[SIGNATURE], listed=keys("虚构外人").certificate)

    report = check_seals(packed(PARTS | {VALUE: forged}))

    (found,) = report.seals
    assert (found.hash_right, found.signature_right, found.maker_right) == (True, True, True)
    assert (report.verdict, found.signer_listed) == ("wrong", False)


def test_a_seal_that_its_maker_did_not_make_is_wrong() -> None:
    forged = seal(PARTS[SIGNATURE], made_by="虚构外人")

    report = check_seals(packed(PARTS | {VALUE: forged}))

    (found,) = report.seals
    assert (found.hash_right, found.signature_right, found.signer_listed) == (True, True, True)
    assert (report.verdict, found.maker_right) == ("wrong", False)


def test_a_seal_of_another_version_is_unknown_and_never_forged() -> None:
    report = check_seals(packed(sealed(ofd_parts(vat2019()), version=3)))

    assert report.verdict == "unknown"
    assert report.seals[0].problem_zh


def test_a_package_without_seals_says_so() -> None:
    parts = ofd_parts(vat2019())

    report = check_seals(packed(parts))

    assert (report.verdict, report.seals) == ("unsealed", ())
    assert set(report.uncovered) == set(parts)


def test_an_unknown_digest_is_unknown() -> None:
    changed = PARTS[SIGNATURE].replace(b"1.2.156.10197.1.401", b"MD5")

    assert check_seals(packed(PARTS | {SIGNATURE: changed})).verdict == "unknown"


def test_a_list_that_covers_nothing_is_not_right() -> None:
    empty = re.sub(rb"<Reference .*</Reference>", b"", PARTS[SIGNATURE])

    report = check_seals(packed(PARTS | {SIGNATURE: empty, VALUE: seal(empty)}))

    assert report.seals[0].hash_right
    assert report.verdict == "wrong"


def test_what_is_no_package_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        check_seals(b"<EInvoice/>")
