"""PAdES in our PDF: judged by poppler, by OpenSSL, and by our own reader."""

import io
import re
import subprocess
from pathlib import Path
from random import Random

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.pdf_signature import signatures_of
from kaipiao.delivery.readers.pdf_verdict import judge_signatures
from kaipiao.delivery.readers.report import read_report
from kaipiao.delivery.renditions.make import Press
from kaipiao.delivery.renditions.pdf.sign import sign_pdf
from tests.strangers.provision import debian_program
from tests.strategies import lawful_draft
from tests.unit.delivery.renditions.invoices import ISSUED_AT, source_of
from tests.unit.delivery.renditions.signers import document_key, signing_press

SOURCE = source_of(lawful_draft(), receipt=b"a receipt\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("secrets")


@pytest.fixture(scope="module")
def plain() -> bytes:
    return Press().render(SOURCE, "pdf")


@pytest.fixture(scope="module")
def signed(folder: Path, plain: bytes) -> bytes:
    return sign_pdf(plain, document_key(folder), ISSUED_AT)


def pdfsig(pdf: bytes, at: Path) -> str:
    (at / "it.pdf").write_bytes(pdf)
    program = debian_program("pdfsig", "poppler-utils")
    done = subprocess.run([program, "it.pdf"], cwd=at, capture_output=True, text=True)
    return done.stdout


def gap_of(pdf: bytes) -> tuple[int, int]:
    (found,) = re.findall(rb"/ByteRange \[0 (\d+) (\d+) \d+\]", pdf)
    return int(found[0]), int(found[1])


def test_poppler_says_valid_and_that_nobody_it_knows_vouches(signed: bytes, tmp_path: Path) -> None:
    said = pdfsig(signed, tmp_path)

    assert "Signature Validation: Signature is Valid." in said
    assert "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    assert "平台自制 self-made" in said
    assert "issuer is unknown" in said


def test_openssl_agrees_on_what_is_signed(signed: bytes, folder: Path, tmp_path: Path) -> None:
    before, after = gap_of(signed)
    cms = bytes.fromhex(signed[before + 1 : after - 1].decode())
    (tmp_path / "cms").write_bytes(cms)
    (tmp_path / "signed").write_bytes(signed[:before] + signed[after:])
    ask = [
        "openssl",
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "cms",
        "-purpose",
        "any",
    ]
    ask += ["-content", "signed", "-CAfile", str(folder / "documents.crt"), "-out", "/dev/null"]

    subprocess.run([*ask, "-cades"], cwd=tmp_path, check=True, capture_output=True)
    with (tmp_path / "signed").open("r+b") as file:
        file.write(b"%pdf")
    assert subprocess.run(ask, cwd=tmp_path, capture_output=True).returncode


def test_the_file_stays_as_it_was_and_what_is_attached_too(plain: bytes, signed: bytes) -> None:
    assert signed.startswith(plain)
    reader, before = pypdf.PdfReader(io.BytesIO(signed)), pypdf.PdfReader(io.BytesIO(plain))
    assert reader.attachments == before.attachments
    assert reader.xmp_metadata is not None
    assert b"pdfaid:part>3" in signed
    assert reader.root_object["/Metadata"] == before.root_object["/Metadata"]
    assert len(reader.root_object["/AF"]) == len(before.root_object["/AF"]) == 1


def test_the_field_is_invisible_and_as_pdf_a_wants_it(signed: bytes) -> None:
    page = pypdf.PdfReader(io.BytesIO(signed)).pages[0]
    (widget,) = [one.get_object() for one in page["/Annots"]]  # type: ignore[attr-defined]

    assert widget["/Rect"] == [0, 0, 0, 0]
    assert widget["/F"] & 0b100, "printed, or PDF/A forbids it"
    assert widget["/V"]["/M"] == "D:20261125020304Z"


def test_the_same_file_and_key_give_the_same_bytes(
    plain: bytes, signed: bytes, folder: Path
) -> None:
    assert sign_pdf(plain, document_key(folder), ISSUED_AT) == signed


def test_our_reader_says_what_was_checked_and_what_was_not(signed: bytes) -> None:
    verdicts = read_report(signed).verdicts

    assert (verdicts["digests"].verdict, verdicts["seal"].verdict) == ("right", "right")
    assert "own making" in verdicts["seal"].en
    assert "平台自制" in verdicts["seal"].zh
    assert verdicts["page"].verdict == "unknown", "text on pages is still no data"


def test_a_pdf_without_a_signature_says_so(plain: bytes) -> None:
    verdicts = read_report(plain).verdicts

    assert judge_signatures(plain) == {}
    assert verdicts["seal"].verdict == "absent"


def is_caught(pdf: bytes) -> bool:
    """Unreadable, or something in it is wrong."""
    try:
        return any(one.verdict == "wrong" for one in judge_signatures(pdf).values())
    except Unreadable:
        return True


@settings(max_examples=300)
@given(st.data())
def test_one_changed_byte_anywhere_is_found(signed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(signed) - 1))
    bits = data.draw(st.integers(1, 255))

    assert is_caught(signed[:at] + bytes([signed[at] ^ bits]) + signed[at + 1 :])


def test_one_changed_byte_of_the_signature_itself_is_found(signed: bytes) -> None:
    """Every byte around and inside the gap, where the digest does not look."""
    before, after = gap_of(signed)
    for at in range(before - 40, after + 120):
        for bits in (1, 0x20):
            assert is_caught(signed[:at] + bytes([signed[at] ^ bits]) + signed[at + 1 :]), at


def test_poppler_finds_a_changed_byte_too(signed: bytes, tmp_path: Path) -> None:
    """Of what is signed: of the zeros behind a signature poppler takes any."""
    rng, (before, after) = Random(1), gap_of(signed)
    places = [at for at in rng.sample(range(len(signed)), 14) if not before <= at < after]
    for at in places:
        changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
        assert "Signature is Valid" not in pdfsig(changed, tmp_path), at


def test_what_is_appended_later_is_found(signed: bytes) -> None:
    (violation,) = judge_signatures(signed + b"\n% more\n")["digests"].violations

    assert violation.code == "pdf-appended"


def test_another_key_under_our_name_signs_nothing(
    plain: bytes, signed: bytes, folder: Path, tmp_path: Path
) -> None:
    """The certificate of the one with the signature of the other."""
    ours, theirs = document_key(folder), document_key(tmp_path)

    class Forger:
        certificate, who, made_at = ours.certificate, ours.who, ours.made_at
        sign = staticmethod(theirs.sign)

    (found,) = signatures_of(sign_pdf(plain, Forger(), ISSUED_AT))
    assert found.state == "wrong"


def test_a_key_younger_than_the_invoice_claims_no_earlier_instant(
    plain: bytes, tmp_path: Path
) -> None:
    class Younger:
        key = document_key(tmp_path)
        certificate, who, sign = key.certificate, key.who, key.sign
        made_at = ISSUED_AT.replace(year=2027)

    assert b"(D\\07220271125020304Z)" in sign_pdf(plain, Younger(), ISSUED_AT)


def test_both_signatures_of_a_document_are_right(tmp_path: Path) -> None:
    pdf = signing_press(tmp_path).render(SOURCE, "pdf")

    assert read_report(pdf).verdicts["seal"].verdict == "right"
    assert read_report(pdf).verdicts["evidence"].verdict == "right"
