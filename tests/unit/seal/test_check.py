"""A mark is checked by its certificate alone; another program agrees."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.sm import SM2_WITH_SM3_OID
from kaipiao.seal.certificate import to_pem
from kaipiao.seal.check import ED25519_OID, is_mark_good, key_in, seal_key
from kaipiao.seal.ed25519 import KEY_NAME, Ed25519Seal, open_ed25519
from kaipiao.seal.local import LocalSeal, open_seal

NOW = datetime(2026, 11, 1, tzinfo=UTC)
Key = LocalSeal | Ed25519Seal


@pytest.fixture(scope="module", params=["sm2", "ed25519"])
def key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Key:
    folder = tmp_path_factory.mktemp("keys")
    if request.param == "sm2":
        return open_seal(folder, "平台", now=NOW)
    return open_ed25519(folder, "平台", now=NOW)


def test_a_mark_holds_for_its_statement_and_no_other(key: Key) -> None:
    mark = key.sign(b"statement")

    assert is_mark_good(b"statement", mark, key.certificate)
    assert not is_mark_good(b"statemenT", mark, key.certificate)


@given(st.binary(max_size=100))
def test_chance_is_no_mark(key: Key, mark: bytes) -> None:
    assert not is_mark_good(b"statement", mark, key.certificate)


def test_every_flipped_bit_of_a_mark_is_noticed(key: Key) -> None:
    mark = key.sign(b"statement")
    for at in range(0, 8 * len(mark), 7):
        flipped = bytearray(mark)
        flipped[at // 8] ^= 1 << at % 8
        assert not is_mark_good(b"statement", bytes(flipped), key.certificate)


def test_a_certificate_tells_which_algorithm_it_is_for(key: Key) -> None:
    expected = SM2_WITH_SM3_OID if isinstance(key, LocalSeal) else ED25519_OID

    assert seal_key("acme", key.certificate).algorithm == expected


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"0" * 100])
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        key_in(data)


def test_a_key_is_made_once_and_read_only_where_nobody_else_can(tmp_path: Path) -> None:
    first = open_ed25519(tmp_path, "平台", now=NOW)
    assert open_ed25519(tmp_path, "平台", now=NOW).certificate == first.certificate
    (tmp_path / KEY_NAME).chmod(0o644)

    with pytest.raises(ValueError, match="chmod 600"):
        open_ed25519(tmp_path, "平台", now=NOW)


def test_openssl_agrees_about_a_mark(key: Key, tmp_path: Path) -> None:
    if which("openssl") is None:
        pytest.skip("there is no openssl here")
    for name, content in (("statement", b"said"), ("mark", key.sign(b"said"))):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "crt").write_text(to_pem("CERTIFICATE", key.certificate), "ascii")
    sm2 = ["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"]
    command = [
        *("openssl", "pkeyutl", "-verify", "-rawin", "-certin", "-inkey", "crt"),
        *("-in", "statement", "-sigfile", "mark"),
        *(sm2 if isinstance(key, LocalSeal) else ()),
    ]

    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "Verified Successfully" in found.stdout, found.stderr
