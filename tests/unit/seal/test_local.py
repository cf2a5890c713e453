"""The platform's own seal: one key, made once, that says whose it is and whose it is not."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.base.sm import is_signed
from kaipiao.seal.certificate import COMMENT, name_in, to_pem
from kaipiao.seal.local import CERTIFICATE_NAME, KEY_NAME, create_seal, load_seal, open_seal

PLATFORM = "kaipiao.example/31-1"
NOW = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
OPENSSL = shutil.which("openssl")


async def test_a_seal_is_found_again_and_signs_for_the_same_key(tmp_path: Path) -> None:
    made = open_seal(tmp_path, PLATFORM, now=NOW)
    found = open_seal(tmp_path, "another name", now=NOW)

    mark = await found.seal(b"text")

    assert mark.certificate == made.certificate
    assert mark.who == "kaipiao.example/31-1 平台自制 self-made"
    assert is_signed(b"text", signature=mark.signature, public_key=made.public_key)
    assert not is_signed(b"other", signature=mark.signature, public_key=made.public_key)


def test_the_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    seal = create_seal(tmp_path, PLATFORM, now=NOW)

    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in (tmp_path / CERTIFICATE_NAME).read_text(encoding="ascii")
    assert "private" not in repr(seal)


def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    create_seal(tmp_path, PLATFORM, now=NOW)
    (tmp_path / KEY_NAME).chmod(0o644)

    with pytest.raises(ValueError, match="chmod 600"):
        load_seal(tmp_path)


def test_a_seal_is_never_replaced(tmp_path: Path) -> None:
    before = create_seal(tmp_path, PLATFORM, now=NOW)

    with pytest.raises(FileExistsError):
        create_seal(tmp_path, PLATFORM, now=NOW)

    assert load_seal(tmp_path).certificate == before.certificate


def test_a_lost_certificate_is_written_again(tmp_path: Path) -> None:
    create_seal(tmp_path, PLATFORM, now=NOW)
    before = (tmp_path / CERTIFICATE_NAME).read_text(encoding="ascii")
    (tmp_path / CERTIFICATE_NAME).unlink()

    load_seal(tmp_path)

    assert (tmp_path / CERTIFICATE_NAME).read_text(encoding="ascii") == before


def test_a_long_name_is_cut_to_what_a_certificate_holds(tmp_path: Path) -> None:
    seal = create_seal(tmp_path, "a" * 200, now=NOW)

    assert name_in(seal.certificate) == "a" * 49 + " 平台自制 self-made"


def test_what_is_no_seal_is_refused(tmp_path: Path) -> None:
    for text in ("", "nonsense", to_pem("PRIVATE KEY", b"\x30\x00"), to_pem("CERTIFICATE", b"")):
        (tmp_path / KEY_NAME).unlink(missing_ok=True)
        (tmp_path / KEY_NAME).write_text(text, encoding="utf-8")
        (tmp_path / KEY_NAME).chmod(0o600)
        with pytest.raises(ValueError):
            load_seal(tmp_path)


@pytest.mark.skipif(OPENSSL is None, reason="openssl, an independent judge, is not installed")
def test_openssl_reads_key_and_certificate_and_agrees(tmp_path: Path) -> None:
    create_seal(tmp_path, PLATFORM, now=NOW)
    certificate, key = str(tmp_path / CERTIFICATE_NAME), str(tmp_path / KEY_NAME)

    said = _openssl("x509", "-in", certificate, "-noout", "-text", "-nameopt", "utf8")
    standing = _openssl(
        *("verify", "-x509_strict", "-no_check_time", "-CAfile", certificate),
        *("-vfyopt", "distid:1234567812345678", certificate),
    )

    assert "Signature Algorithm: SM2-with-SM3" in said
    assert "O=kaipiao.example/31-1, OU=非国家机关 no state body" in said
    assert "CN=kaipiao.example/31-1 平台自制 self-made" in said
    assert "Not Before: Nov 25 08:30:00 2026 GMT" in said
    assert COMMENT in said
    assert "CA:FALSE" in said
    assert standing.strip().endswith("OK")
    assert _openssl("pkey", "-in", key, "-pubout") == _openssl(
        "x509", "-in", certificate, "-noout", "-pubkey"
    )


@pytest.mark.skipif(OPENSSL is None, reason="openssl, an independent judge, is not installed")
async def test_openssl_verifies_what_the_seal_signed(tmp_path: Path) -> None:
    mark = await create_seal(tmp_path, PLATFORM, now=NOW).seal(b"text")
    (tmp_path / "data").write_bytes(b"text")
    (tmp_path / "signature").write_bytes(mark.signature)
    public = _openssl("x509", "-in", str(tmp_path / CERTIFICATE_NAME), "-noout", "-pubkey")
    (tmp_path / "public").write_text(public, encoding="ascii")

    said = _openssl(
        *("pkeyutl", "-verify", "-pubin", "-inkey", str(tmp_path / "public")),
        *("-in", str(tmp_path / "data"), "-rawin", "-digest", "sm3"),
        *("-sigfile", str(tmp_path / "signature"), "-pkeyopt", "distid:1234567812345678"),
    )

    assert "Signature Verified Successfully" in said


def _openssl(*words: str) -> str:
    return subprocess.run([str(OPENSSL), *words], capture_output=True, text=True, check=True).stdout
