"""The P-256 key for PDF and XML: made once, kept from others, and it says what it is."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.base import p256
from kaipiao.delivery.readers.ses import certificate_fields
from kaipiao.seal.document_key import (
    DOCUMENT_CERTIFICATE_NAME,
    DOCUMENT_KEY_NAME,
    create_document_key,
    load_document_key,
    open_document_key,
)

PLATFORM = "示例开票平台"
NOW = datetime(2026, 11, 25, 2, 3, 4, 5, tzinfo=UTC)


def test_it_is_made_once_and_found_again(tmp_path: Path) -> None:
    made = open_document_key(tmp_path, PLATFORM, now=NOW)
    found = open_document_key(tmp_path, "another name", now=NOW)

    assert made.certificate == found.certificate
    assert made.sign(b"data") == found.sign(b"data"), "RFC 6979"
    with pytest.raises(FileExistsError):
        create_document_key(tmp_path, PLATFORM, now=NOW)


def test_its_signature_is_checked_by_the_key_in_its_certificate(tmp_path: Path) -> None:
    key = open_document_key(tmp_path, PLATFORM, now=NOW)
    public = certificate_fields(key.certificate)[5].as_sequence()[1].as_bits()[1:]

    assert p256.is_signed(b"data", signature=key.sign(b"data"), public_key=public)
    assert not p256.is_signed(b"date", signature=key.sign(b"data"), public_key=public)
    assert not p256.is_signed(b"data", signature=b"no DER", public_key=public)
    assert not p256.is_signed(b"data", signature=key.sign(b"data"), public_key=bytes(64))


def test_openssl_reads_what_the_certificate_says(tmp_path: Path) -> None:
    open_document_key(tmp_path, PLATFORM, now=NOW)
    ask = ["openssl", "x509", "-in", str(tmp_path / DOCUMENT_CERTIFICATE_NAME), "-noout", "-text"]
    said = subprocess.run([*ask, "-nameopt", "utf8"], capture_output=True, text=True, check=True)

    for words in (f"{PLATFORM} 平台自制 self-made", "非国家机关 no state body", "CA:FALSE"):
        assert words in said.stdout
    assert "no state body stands behind it" in said.stdout.replace("No", "no")


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    open_document_key(tmp_path, PLATFORM, now=NOW)
    (tmp_path / DOCUMENT_KEY_NAME).chmod(0o640)

    with pytest.raises(ValueError, match="chmod 600"):
        load_document_key(tmp_path)


def test_what_is_no_such_key_is_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    open_document_key(first, PLATFORM, now=NOW)
    open_document_key(second, PLATFORM, now=NOW)
    key = (first / DOCUMENT_KEY_NAME).read_text().partition("-----BEGIN CERT")[0]
    (first / DOCUMENT_KEY_NAME).write_text(key + (second / DOCUMENT_CERTIFICATE_NAME).read_text())

    with pytest.raises(ValueError, match="belong together"):
        load_document_key(first)
    (first / DOCUMENT_KEY_NAME).write_text("nothing")
    with pytest.raises(ValueError):
        load_document_key(first)


def test_a_lost_certificate_file_is_written_again(tmp_path: Path) -> None:
    open_document_key(tmp_path, PLATFORM, now=NOW)
    (tmp_path / DOCUMENT_CERTIFICATE_NAME).unlink()
    load_document_key(tmp_path)

    assert (tmp_path / DOCUMENT_CERTIFICATE_NAME).exists()


def test_the_secret_is_in_no_repr(tmp_path: Path) -> None:
    assert repr(open_document_key(tmp_path, PLATFORM, now=NOW)) == (
        f"<DocumentKey {PLATFORM} 平台自制 self-made>"
    )
