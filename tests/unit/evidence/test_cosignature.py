"""A witness's cosignature is exactly what C2SP tlog-cosignature says, and nothing else counts."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.evidence.cosignature import Cosigner, compose_line, parse_cosigner_key
from kaipiao.evidence.note import Note, Signature, parse_note
from tests.unit.evidence.fakes import make_signer

NAME = "witness.example/w1"
WITNESS = Cosigner(NAME, bytes(range(32)))
KEY = WITNESS.key
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
NOW = 1_679_315_147


def noted(*signatures: Signature, text: str = TEXT) -> Note:
    return Note(text, signatures)


def as_text(key: bytes, *, key_id: str = KEY.key_id.hex()) -> str:
    return f"{NAME}+{key_id}+{b64encode(key).decode()}"


def test_the_line_under_a_note_is_what_the_specification_writes_down() -> None:
    """Made again by hand: key id, eight bytes of time, and a signature over the two lines."""
    line = compose_line(WITNESS.cosign(TEXT, seconds=NOW))

    dash, name, content = line.removesuffix("\n").split(" ")
    blob = b64decode(content)
    public = Ed25519PublicKey.from_public_bytes(KEY.public)
    public.verify(blob[12:], b"cosignature/v1\ntime 1679315147\n" + TEXT.encode())
    assert (dash, name) == ("\N{EM DASH}", NAME)
    assert blob[:4] == sha256(NAME.encode() + b"\n\x04" + KEY.public).digest()[:4]
    assert blob[4:12] == bytes.fromhex("00000000641850cb")


@given(st.integers(1, 2**63 - 1))
def test_what_is_cosigned_can_be_read_again(seconds: int) -> None:
    line = compose_line(WITNESS.cosign(TEXT, seconds=seconds))

    assert KEY.cosigned_at(parse_note(f"{TEXT}\n{line}")) == seconds


def test_a_checkpoint_that_nobody_cosigned_is_not_witnessed() -> None:
    stranger = Cosigner("witness.example/w2", bytes(32))

    assert KEY.cosigned_at(noted()) is None
    assert KEY.cosigned_at(noted(stranger.cosign(TEXT, seconds=NOW))) is None


@given(st.integers(0, 71), st.integers(0, 7))
def test_one_flipped_bit_of_the_time_or_the_signature_does_not_count(byte: int, bit: int) -> None:
    signature = WITNESS.cosign(TEXT, seconds=NOW)
    content = bytearray(signature.signature)
    content[byte] ^= 1 << bit

    assert KEY.cosigned_at(noted(signature._replace(signature=bytes(content)))) is None


def test_a_cosignature_belongs_to_one_text() -> None:
    signature = WITNESS.cosign(TEXT, seconds=NOW)

    assert KEY.cosigned_at(noted(signature, text=TEXT.replace("163", "164"))) is None


@pytest.mark.parametrize("length", [0, 8, 64, 71, 73, 136])
def test_another_length_does_not_count(length: int) -> None:
    signature = WITNESS.cosign(TEXT, seconds=NOW)
    content = (signature.signature * 2)[:length]

    assert KEY.cosigned_at(noted(signature._replace(signature=content))) is None


def test_a_forged_line_spoils_the_note_even_beside_a_good_one() -> None:
    good = WITNESS.cosign(TEXT, seconds=NOW)
    forged = good._replace(signature=bytes(72))

    assert KEY.cosigned_at(noted(forged, good)) is None
    assert KEY.cosigned_at(noted(good, forged)) is None


def test_of_two_good_ones_the_newest_counts() -> None:
    lines = (WITNESS.cosign(TEXT, seconds=NOW), WITNESS.cosign(TEXT, seconds=NOW + 5))

    assert KEY.cosigned_at(noted(*lines)) == KEY.cosigned_at(noted(*lines[::-1])) == NOW + 5


def test_a_plain_signature_by_the_same_secret_is_no_cosignature() -> None:
    """Type 0x01 signs the bare text; the id differs, and so does what was signed."""
    signer = make_signer(NAME)
    cosigner = Cosigner(NAME, bytes(32))
    plain = Signature(NAME, cosigner.key.key_id, bytes(8) + signer.sign(TEXT.encode()))

    assert cosigner.key.cosigned_at(noted(plain)) is None


def test_a_key_is_exchanged_as_text() -> None:
    assert parse_cosigner_key(f" {KEY}\n") == KEY
    assert str(KEY).startswith(f"{NAME}+")


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        str(make_signer().verifier),  # a log's key
        str(KEY).replace("w1", "w2"),  # a name that does not belong to the id
        f"{KEY}A",
        as_text(b"\x06" + KEY.public),  # of another kind
        as_text(b"\x04" + KEY.public[:31]),
        as_text(b"\x04" + KEY.public, key_id="00000000"),
        "x" * 600,
    ],
)
def test_what_is_no_witness_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_cosigner_key(text)


def test_a_witness_shows_its_public_half_only() -> None:
    assert str(KEY) in repr(WITNESS)
    assert bytes(range(32)).hex() not in repr(WITNESS)
