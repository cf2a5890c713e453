"""The signing key is made once, and nobody but its owner ever reads it."""

from pathlib import Path

import pytest

from kaipiao.evidence.keys import KEY_NAME, VKEY_NAME, create_key, load_key, open_key
from kaipiao.evidence.note import Standing, compose_note, parse_note, parse_vkey

NAME = "kaipiao.example/31-1"


def test_a_key_is_found_again_and_signs_the_same(tmp_path: Path) -> None:
    made = create_key(tmp_path, NAME)
    found = load_key(tmp_path)

    assert found.verifier == made.verifier
    assert found.sign(b"text") == made.sign(b"text")


def test_the_public_half_is_a_file_that_verifies(tmp_path: Path) -> None:
    signer = create_key(tmp_path, NAME)
    key = parse_vkey((tmp_path / VKEY_NAME).read_text(encoding="utf-8"))

    assert key.standing(parse_note(compose_note("text\n", [signer]))) is Standing.SIGNED
    assert key.name == NAME


def test_the_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    signer = create_key(tmp_path, NAME)
    secret = (tmp_path / KEY_NAME).read_text(encoding="utf-8").strip().split("+", 4)[4]

    assert (tmp_path / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert secret not in repr(signer)
    assert secret not in (tmp_path / VKEY_NAME).read_text(encoding="utf-8")


def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path) -> None:
    create_key(tmp_path, NAME)
    (tmp_path / KEY_NAME).chmod(0o640)

    with pytest.raises(ValueError, match="chmod 600"):
        load_key(tmp_path)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    before = create_key(tmp_path, NAME)
    with pytest.raises(FileExistsError):
        create_key(tmp_path, NAME)

    assert load_key(tmp_path).verifier == before.verifier


def test_a_crash_while_the_key_is_made_leaves_no_half_a_key(tmp_path: Path) -> None:
    (tmp_path / f"{KEY_NAME}.new").write_text("PRIVATE+KE")

    assert open_key(tmp_path, NAME).verifier == load_key(tmp_path).verifier


def test_a_lost_public_half_is_written_again(tmp_path: Path) -> None:
    signer = create_key(tmp_path, NAME)
    (tmp_path / VKEY_NAME).unlink()
    load_key(tmp_path)

    assert (tmp_path / VKEY_NAME).read_text(encoding="utf-8").strip() == str(signer.verifier)


def test_opening_makes_a_key_once_and_keeps_its_name(tmp_path: Path) -> None:
    assert open_key(tmp_path, NAME).verifier == open_key(tmp_path, NAME).verifier
    with pytest.raises(ValueError, match="signs for"):
        open_key(tmp_path, "another.example")


@pytest.mark.parametrize("name", ["", "two words", "a+b", "全 角", "new\nline"])
def test_a_name_that_no_note_can_carry_makes_no_key(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="log's name"):
        create_key(tmp_path, name)
    assert not (tmp_path / KEY_NAME).exists()


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    create_key(tmp_path, NAME)
    whole = (tmp_path / KEY_NAME).read_text(encoding="utf-8")
    for damaged in ("", whole[:-10], whole.replace("31-1", "31-2"), whole.replace("PRIV", "PUBL")):
        (tmp_path / KEY_NAME).write_text(damaged, encoding="utf-8")
        with pytest.raises(ValueError):
            load_key(tmp_path)


def test_gos_example_signing_key_is_read(tmp_path: Path) -> None:
    path = tmp_path / KEY_NAME
    path.touch(mode=0o600)
    path.write_text(
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
    )

    assert str(load_key(tmp_path).verifier) == (
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    )
