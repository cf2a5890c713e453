"""Signed notes and checkpoints, as every C2SP tool writes and reads them."""

from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint, parse_checkpoint, parse_size
from kaipiao.evidence.merkle import EMPTY_ROOT
from kaipiao.evidence.note import (
    NOTE_CHARS_MAX,
    Standing,
    VerifierKey,
    compose_note,
    parse_base64,
    parse_note,
    parse_vkey,
)
from tests.unit.evidence.fakes import make_signer

# The example of Go's note package: its key, its text, its signature.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)
WITNESS_LINE = (
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2"
    "oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)
SIGNER = make_signer()
KEY = SIGNER.verifier
TEXT = "a text\n\nof two paragraphs\n"


def test_the_note_everybody_verifies_is_verified() -> None:
    key = parse_vkey(GO_VKEY)

    assert key.standing(parse_note(GO_NOTE)) is Standing.SIGNED
    assert key.standing(parse_note(GO_NOTE.replace("problem", "solution"))) is Standing.FORGED


def test_the_key_of_the_go_checksum_database_is_read_and_written_again() -> None:
    vkey = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

    assert str(parse_vkey(f"{vkey}\n")) == vkey


def test_what_we_sign_verifies_with_our_key_and_no_other() -> None:
    note = parse_note(compose_note(TEXT, [SIGNER]))

    assert note.text == TEXT
    assert KEY.standing(note) is Standing.SIGNED
    assert make_signer("other.example").verifier.standing(note) is Standing.UNSIGNED


def test_a_key_of_the_same_name_is_still_another_key() -> None:
    impostor = VerifierKey(KEY.name, bytes(32))

    assert impostor.standing(parse_note(compose_note(TEXT, [SIGNER]))) is Standing.UNSIGNED


def test_signatures_we_do_not_know_are_ignored() -> None:
    """Witnesses and other algorithms add their lines; nothing of ours breaks."""
    raw = compose_note(TEXT, [SIGNER, make_signer("more.example/2")]) + WITNESS_LINE

    assert KEY.standing(parse_note(raw)) is Standing.SIGNED
    assert len(parse_note(raw).signatures) == 3


def test_sixteen_signatures_as_long_as_any_are_accepted() -> None:
    line = f"— pq.example {b64encode(bytes(5000)).decode()}\n"

    assert KEY.standing(parse_note(compose_note(TEXT, [SIGNER]) + line * 16)) is Standing.SIGNED


def test_one_false_signature_by_our_key_spoils_the_note() -> None:
    good = compose_note(TEXT, [SIGNER])
    bad = b64encode(KEY.key_id + bytes(64)).decode()

    assert KEY.standing(parse_note(f"{good}— {KEY.name} {bad}\n")) is Standing.FORGED
    short = b64encode(KEY.key_id + b"?").decode()
    assert KEY.standing(parse_note(f"{good}— {KEY.name} {short}\n")) is Standing.FORGED


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        "\n\n— a AAAAAAA=\n",
        "text\n\n- a AAAAAAA=\n",
        "text\n\n— a+b AAAAAAA=\n",
        "text\n\n— a AAAAAA==\n",
        "text\n\n— a AAAAAAA=",
        "text\n\n— a AAAAAAB=\n",
        "text\r\n\n— a AAAAAAA=\n",
        "te\x00xt\n\n— a AAAAAAA=\n",
        "te\ud800xt\n\n— a AAAAAAA=\n",
        "text\n\n" + "— a AAAAAAA=\n" * 65,
        "t" * NOTE_CHARS_MAX + "\n\n— a AAAAAAA=\n",
    ],
)
def test_what_is_no_signed_note_is_refused(raw: str) -> None:
    with pytest.raises(ValueError):
        parse_note(raw)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000+",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("PeterNeumann", "Peter Neumann"),
        GO_VKEY.replace("ARpc", "AhpC"),
        GO_VKEY[:-4],
        "n" * 600 + GO_VKEY,
    ],
)
def test_what_is_no_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(ValueError):
        parse_vkey(vkey)


@given(st.text(), st.text())
def test_no_text_breaks_the_readers(left: str, right: str) -> None:
    for parse in (parse_note, parse_vkey, parse_checkpoint, parse_base64, parse_size):
        for text in (left, f"{left}\n\n— {right}\n", f"{left}+{right}"):
            try:
                parse(text)
            except ValueError:
                continue


def test_a_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint("kaipiao.example/31-1", 0, EMPTY_ROOT)

    assert compose_checkpoint(checkpoint) == (
        "kaipiao.example/31-1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )


def test_the_example_of_the_specification_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    checkpoint = parse_checkpoint(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert compose_checkpoint(checkpoint) == text
    assert parse_checkpoint(f"{text}an extension\n") == checkpoint


@given(st.integers(min_value=0, max_value=2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(size: int, root: bytes) -> None:
    checkpoint = Checkpoint("log.example", size, root)

    assert parse_checkpoint(compose_checkpoint(checkpoint)) == checkpoint


ROOT = b64encode(sha256(b"").digest()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log\n1\n{ROOT}",
        f"log\n01\n{ROOT}\n",
        f"log\n-1\n{ROOT}\n",
        f"log\n１\n{ROOT}\n",
        f"log\n{2**63}\n{ROOT}\n",
        f"log\n\n{ROOT}\n",
        f"\n1\n{ROOT}\n",
        f"log\n1\n{ROOT}\n\n",
        "log\n1\nAAAA\n",
        f"log\n1\n{ROOT[:-1]}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_checkpoint(text)
