"""Three signatures under one checkpoint, each good alone, none in the way of another."""

import stat
import struct
from pathlib import Path

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from kaipiao.evidence.algorithms import ED25519, ML_DSA_44, SM2_WITH_SM3
from kaipiao.evidence.checkpoint import Checkpoint, compose_checkpoint
from kaipiao.evidence.keys import create_key, load_key
from kaipiao.evidence.note import Standing, compose_note, parse_note, parse_vkey
from kaipiao.evidence.signing.files import FileSession
from kaipiao.evidence.signing.sessions import Found
from kaipiao.evidence.signing.signers import LABELS, KeySigner, open_signers, parse_labels

NAME = "kaipiao.example/31-1"
TREE = Checkpoint(NAME, 20852163, bytes(range(32)))
TEXT = compose_checkpoint(TREE)


@pytest.fixture
def signers(tmp_path: Path) -> tuple[KeySigner, ...]:
    return open_signers(FileSession(tmp_path / "secrets"), NAME, LABELS)


def test_each_signature_is_good_alone_and_whoever_knows_one_ignores_the_rest(
    signers: tuple[KeySigner, ...],
) -> None:
    note = parse_note(compose_note(TEXT, signers))

    assert [one.verifier.kind for one in signers] == [ED25519, ML_DSA_44, SM2_WITH_SM3]
    for signer in signers:
        vkey = parse_vkey(str(signer.verifier))
        assert vkey == signer.verifier
        assert vkey.standing(note) is Standing.SIGNED
        alone = parse_note(compose_note(TEXT, [signer]))
        assert [one.verifier.standing(alone) for one in signers].count(Standing.SIGNED) == 1


@pytest.mark.parametrize(
    "forged",
    [
        TEXT.replace("20852163", "20852164"),
        TEXT.replace(NAME, "kaipiao.example/31-2"),
        TEXT.replace("AAEC", "AAED"),
    ],
)
def test_each_signature_covers_origin_size_and_root(
    signers: tuple[KeySigner, ...], forged: str
) -> None:
    note = parse_note(compose_note(TEXT, signers))._replace(text=forged)

    assert forged != TEXT
    assert {one.verifier.standing(note) for one in signers} == {Standing.FORGED}


def test_the_post_quantum_signature_is_over_the_bytes_that_c2sp_prescribes(
    signers: tuple[KeySigner, ...],
) -> None:
    """tlog-cosignature: label, name, time, origin, start, end, hash; lengths in one byte."""
    stamped = signers[1].sign(TEXT.encode())
    name = NAME.encode()
    message = b"subtree/v1\n\0" + struct.pack(
        f">B{len(name)}sQB{len(name)}sQQ32s",
        *(len(name), name, 0, len(name), name, 0, TREE.size, TREE.root),
    )

    assert len(stamped) == 8 + 2420
    assert stamped[:8] == bytes(8)
    MLDSA44PublicKey.from_public_bytes(signers[1].verifier.public).verify(stamped[8:], message)


def test_a_time_that_is_stated_is_signed_too(signers: tuple[KeySigner, ...]) -> None:
    lines = compose_note(TEXT, [signers[1]])
    note = parse_note(lines)
    (line,) = note.signatures
    late = line._replace(signature=struct.pack(">Q", 1_700_000_000) + line.signature[8:])

    verifier = signers[1].verifier
    assert verifier.standing(note._replace(signatures=(late,))) is Standing.FORGED
    for short in (b"", bytes(8), line.signature[:-1]):
        cut = note._replace(signatures=(line._replace(signature=short),))
        assert verifier.standing(cut) is Standing.FORGED


def test_the_sm2_signature_is_what_another_library_makes_of_it(
    signers: tuple[KeySigner, ...],
) -> None:
    text, public = TEXT.encode(), signers[2].verifier.public

    assert gmssl_pyx.sm2_verify(public, text, signers[2].sign(text), b"1234567812345678")


def test_keys_outlive_the_process_and_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = open_signers(FileSession(tmp_path), NAME, LABELS)
    found = open_signers(FileSession(tmp_path), NAME, LABELS)

    assert [one.verifier for one in found] == [one.verifier for one in made]
    for label in LABELS:
        path = FileSession(tmp_path).path(label)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        secret = path.read_text().strip().split("+", 4)[4]
        assert not any(secret in repr(one) or secret in str(one.verifier) for one in made)


def test_the_first_key_is_the_one_that_every_cell_had(tmp_path: Path) -> None:
    before = create_key(tmp_path, NAME)
    (signer, *_) = open_signers(FileSession(tmp_path), NAME, LABELS)

    assert signer.verifier == before.verifier == load_key(tmp_path).verifier


@pytest.mark.parametrize("label", LABELS)
def test_a_key_that_cannot_be_used_is_refused(tmp_path: Path, label: str) -> None:
    session = FileSession(tmp_path)
    session.make(label, NAME)
    path = session.path(label)
    good = path.read_text()

    with pytest.raises(ValueError, match="signs for"):
        open_signers(session, "another.example", [label])
    path.chmod(0o640)
    with pytest.raises(ValueError, match="others may read"):
        session.find(label)
    path.chmod(0o600)
    for wrong in (good[:-9], good.replace(NAME, "another.example"), "", "PRIVATE+KEY+a+b+AQ=="):
        path.write_text(wrong)
        with pytest.raises(ValueError):
            session.find(label)


def test_halves_of_two_sm2_keys_are_no_key(tmp_path: Path) -> None:
    from kaipiao.evidence.signing.crafts import CRAFTS

    craft = CRAFTS[SM2_WITH_SM3]
    one, other = craft.make(), craft.make()

    with pytest.raises(ValueError, match="belong together"):
        craft.open(one[:32] + other[32:])


class Card:
    """A module that holds one ML-DSA-44 key and gives nothing away: the shape of PKCS#11."""

    def __init__(self, label: str) -> None:
        self._secret = MLDSA44PrivateKey.generate()
        self._label = label

    def find(self, label: str) -> Found | None:
        public = self._secret.public_key().public_bytes_raw()
        return Found(label, NAME, ML_DSA_44, public) if label == self._label else None

    def sign(self, key: Found, data: bytes) -> bytes:
        return self._secret.sign(data)


def test_a_module_that_finds_a_key_by_its_label_and_signs_can_stand_in_for_our_files() -> None:
    card = Card("log 2027")
    assert card.find("another") is None
    key = card.find("log 2027")
    assert key is not None
    signer = KeySigner(card, key)

    note = parse_note(compose_note(TEXT, [signer]))

    assert signer.verifier.standing(note) is Standing.SIGNED


def test_which_signatures_are_made_is_a_choice_that_every_reader_can_live_with() -> None:
    assert parse_labels("sm2,ed25519") == ("ed25519", "sm2")
    for wrong in ("", "sm2", "ed25519,rsa"):
        with pytest.raises(ValueError):
            parse_labels(wrong)


@pytest.mark.parametrize("label", LABELS)
def test_a_verifier_key_of_another_length_is_none(label: str, tmp_path: Path) -> None:
    from kaipiao.evidence.algorithms import split_key

    key = FileSession(tmp_path).make(label, NAME)
    for public in (key.public[:-1], key.public + b"\0", b""):
        with pytest.raises(ValueError):
            split_key(key.kind + public)
