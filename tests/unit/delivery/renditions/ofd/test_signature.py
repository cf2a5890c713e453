"""Whoever changes a part of a signed OFD is found out; whoever does not is not accused."""

import base64
import random
import re
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from kaipiao.base.sm import sm3
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.ofd_seal import check_seals
from kaipiao.delivery.readers.signed_data import read_signed_data
from kaipiao.delivery.renditions.ofd.signed_data import compose_signed_data
from tests.made_documents import packed
from tests.strategies import lawful_draft
from tests.unit.delivery.renditions.ofd.made import (
    LISTING,
    SIGNATURE,
    VALUE,
    a_seal,
    parts_of,
    sign,
    signed_ofd,
)

PARTS = parts_of(lawful_draft())
OUTSIDE = {LISTING, SIGNATURE, VALUE}
OPENSSL = shutil.which("openssl")


def test_an_untouched_file_is_right_and_every_part_is_covered() -> None:
    report = check_seals(signed_ofd(lawful_draft()))

    (found,) = report.seals
    assert (report.verdict, report.uncovered) == ("right", ())
    assert (found.parts, found.wrong_parts) == (len(PARTS) - len(OUTSIDE), ())
    assert (found.hash_right, found.signature_right, found.has_seal) == (True, True, False)
    assert found.signer == "kaipiao.example/31-1 平台自制 self-made"


@pytest.mark.parametrize("part", sorted(set(PARTS) - OUTSIDE))
def test_a_changed_part_is_named(part: str) -> None:
    changed = PARTS[part] + b" "

    report = check_seals(packed(PARTS | {part: changed}))

    assert report.verdict == "wrong"
    assert report.seals[0].wrong_parts == (part,)


@pytest.mark.parametrize("part", sorted(set(PARTS) - OUTSIDE - {"OFD.xml", "Doc_0/Document.xml"}))
def test_a_part_taken_away_is_named(part: str) -> None:
    report = check_seals(packed({name: data for name, data in PARTS.items() if name != part}))

    assert report.verdict == "wrong"
    assert report.seals[0].wrong_parts == (part,)


def test_a_changed_amount_with_a_mended_digest_breaks_the_signature() -> None:
    page = "Doc_0/Pages/Page_0/Content.xml"
    forged = PARTS[page].replace("¥".encode(), "¥9".encode())
    listed = PARTS[SIGNATURE].replace(_base64(sm3(PARTS[page])), _base64(sm3(forged)))

    report = check_seals(packed(PARTS | {page: forged, SIGNATURE: listed}))

    (found,) = report.seals
    assert (report.verdict, found.wrong_parts, found.hash_right) == ("wrong", (), False)


def test_the_same_mended_in_the_signed_value_too_breaks_the_signature() -> None:
    listed = re.sub(rb"<ofd:Reference .*?</ofd:Reference>", b"", PARTS[SIGNATURE], count=1)
    value = compose_signed_data(sm3(listed), sign(b"something else"))

    report = check_seals(packed(PARTS | {SIGNATURE: listed, VALUE: value}))

    (found,) = report.seals
    assert (found.hash_right, found.signature_right) == (True, False)
    assert report.verdict == "wrong"


def test_a_signature_by_a_key_that_its_certificate_does_not_name_is_wrong() -> None:
    digest = sm3(PARTS[SIGNATURE])
    mark = msgspec.structs.replace(sign(digest), certificate=a_seal("somebody else").certificate)

    report = check_seals(packed(PARTS | {VALUE: compose_signed_data(digest, mark)}))

    assert (report.verdict, report.seals[0].signature_right) == ("wrong", False)


def test_no_byte_of_the_signed_value_may_change_unnoticed() -> None:
    """But for those of the certificate that neither name nor key is made of."""
    sure = PARTS[VALUE].index(sm3(PARTS[SIGNATURE])), len(PARTS[VALUE]) - 70
    for place in [*range(sure[0], sure[0] + 32), *range(sure[1], len(PARTS[VALUE]))]:
        changed = bytearray(PARTS[VALUE])
        changed[place] ^= 0x01

        verdict = check_seals(packed(PARTS | {VALUE: bytes(changed)})).verdict

        assert verdict in ("wrong", "unknown"), f"byte {place}"


@pytest.mark.parametrize(
    "value",
    [b"", b"0\x00", b"0\x80", b"nonsense", PARTS[VALUE][:-1], PARTS[VALUE] + b"\x00"],
)
def test_what_is_no_signed_data_is_unknown_and_never_right(value: bytes) -> None:
    assert check_seals(packed(PARTS | {VALUE: value})).verdict == "unknown"


def test_a_damaged_value_is_a_verdict_and_never_an_exception() -> None:
    """Right only where no more than the certificate's small print was hit."""
    chance = random.Random(1)
    for _ in range(300):
        damaged = bytearray(PARTS[VALUE])
        for _ in range(chance.randint(1, 3)):
            start = chance.randrange(len(damaged))
            damaged[start : start + chance.choice((0, 1, 1, 4))] = chance.randbytes(1)

        try:
            found = read_signed_data(bytes(damaged))
        except Unreadable:
            continue
        if found.signature_right and found.covers == sm3(PARTS[SIGNATURE]):
            assert a_seal().public_key in damaged


def test_a_part_put_in_afterwards_is_told() -> None:
    report = check_seals(packed(PARTS | {"Doc_0/Pages/Page_1/Content.xml": b"<a/>"}))

    assert report.uncovered == ("Doc_0/Pages/Page_1/Content.xml",)


def test_the_signature_has_no_picture_and_no_place_on_a_page() -> None:
    assert b'Type="Sign"' in PARTS[LISTING]
    assert b"StampAnnot" not in PARTS[SIGNATURE]
    assert b"<ofd:Seal" not in PARTS[SIGNATURE]


@pytest.mark.skipif(OPENSSL is None, reason="openssl, an independent judge, is not installed")
def test_openssl_finds_the_structure_of_signed_data(tmp_path: Path) -> None:
    (tmp_path / "value").write_bytes(PARTS[VALUE])

    said = subprocess.run(
        [str(OPENSSL), "asn1parse", "-inform", "DER", "-in", str(tmp_path / "value")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "1.2.156.10197.6.1.4.2.2" in said
    assert said.count("1.2.156.10197.6.1.4.2.1") == 1
    assert sm3(PARTS[SIGNATURE]).hex().upper() in said
    assert "SM2-with-SM3" in said


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data)
