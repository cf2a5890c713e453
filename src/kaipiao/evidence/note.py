"""Signed notes (C2SP signed-note): a text, an empty line, and a line for each signature.

Signatures by keys we do not know are lawful and ignored: that is how witnesses and other
algorithms are added without breaking anyone.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from kaipiao.evidence.algorithms import ALGORITHMS, split_key
from kaipiao.evidence.algorithms import ED25519 as ED25519
from kaipiao.evidence.spelling import parse_base64 as parse_base64

NOTE_CHARS_MAX = 256 * 1024
"""Room for forty post-quantum signatures; a longer note is refused unread."""
SIGNATURES_MAX = 64
KEY_NAME_CHARS_MAX = 255
VKEY_CHARS_MAX = 4096
"""An ML-DSA-44 key takes 1752 of them."""
KEY_ID_BYTES = 4
_DASH = "\N{EM DASH} "
_UNWRITABLE = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
"""Control characters but the newline, and unpaired surrogates, which no file can hold."""


class Signer(Protocol):
    """Whatever can put a signature line under a note: a file today, a card or a service later."""

    @property
    def name(self) -> str: ...

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key and algorithm this is."""
        ...

    def sign(self, text: bytes) -> bytes: ...


class Signature(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes


class Note(NamedTuple):
    text: str  # with its last newline
    signatures: tuple[Signature, ...]


class Standing(StrEnum):
    """What a note is worth to someone who trusts one key."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"  # nothing here claims to be by that key
    FORGED = "forged"  # something does, and is not


class VerifierKey(NamedTuple):
    """The public half of a key, with the name it signs under and the type of its signatures."""

    name: str
    public: bytes
    kind: bytes = ED25519  # of ``algorithms.ALGORITHMS``

    @property
    def key_id(self) -> bytes:
        return key_id_of(self.name, self.kind + self.public)

    @property
    def algorithm(self) -> str:
        """As people read it."""
        return ALGORITHMS[self.kind].title

    def __str__(self) -> str:
        """As everyone exchanges it: ``name+key id+base64``."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self.kind + self.public).decode()}"

    def standing(self, note: Note) -> Standing:
        ours = [s for s in note.signatures if (s.name, s.key_id) == (self.name, self.key_id)]
        if not ours:
            return Standing.UNSIGNED
        text, is_signed = note.text.encode(), ALGORITHMS[self.kind].is_signed
        good = all(is_signed(self.public, s.signature, text, self.name) for s in ours)
        return Standing.SIGNED if good else Standing.FORGED


def key_id_of(name: str, key: bytes) -> bytes:
    """``key`` is the type of the signatures and then the public key."""
    return hashlib.sha256(name.encode() + b"\n" + key).digest()[:KEY_ID_BYTES]


def is_key_name(name: str) -> bool:
    """Whether a note's line can carry this name: no space of any alphabet, no plus, no control."""
    return (
        0 < len(name) <= KEY_NAME_CHARS_MAX and name.isprintable() and not (set(name) & {"+", " "})
    )


def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key, ``name+key id+base64``.

    Raises:
        ValueError: if it is not one, its algorithm is not one of ours, or its parts do not belong
            together.
    """
    parts = text.strip().split("+", 2)
    if len(text) > VKEY_CHARS_MAX or len(parts) != 3 or not is_key_name(parts[0]):
        raise ValueError("a verifier key is written name+key id+base64")
    kind, public = split_key(parse_base64(parts[2]))
    vkey = VerifierKey(parts[0], public, kind)
    if parts[1] != vkey.key_id.hex():
        raise ValueError("the verifier key's parts do not belong together")
    return vkey


def compose_note(text: str, signers: Sequence[Signer]) -> str:
    """Sign ``text``, which ends with a newline."""
    assert text.endswith("\n")
    assert signers
    lines = [_signature_line(signer, text.encode()) for signer in signers]
    return f"{text}\n{''.join(lines)}"


def _signature_line(signer: Signer, text: bytes) -> str:
    assert is_key_name(signer.name)
    return f"{_DASH}{signer.name} {b64encode(signer.key_id + signer.sign(text)).decode()}\n"


def parse_note(raw: str) -> Note:
    """Read a note; whether anyone signed it is for a key to say (``VerifierKey.standing``).

    Raises:
        ValueError: if this is no signed note.
    """
    if len(raw) > NOTE_CHARS_MAX:
        raise ValueError(f"a note has at most {NOTE_CHARS_MAX} characters")
    if _UNWRITABLE.search(raw):
        raise ValueError("a note is text without control characters")
    text, gap, rest = raw.rpartition("\n\n")
    lines = rest.split("\n")
    if not gap or not text or lines.pop() != "" or not 0 < len(lines) <= SIGNATURES_MAX:
        raise ValueError("a signed note is a text, an empty line, and lines of signatures")
    return Note(f"{text}\n", tuple(_parse_signature(line) for line in lines))


def _parse_signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    signature = parse_base64(encoded)
    if not line.startswith(_DASH) or not is_key_name(name) or len(signature) <= KEY_ID_BYTES:
        raise ValueError("a signature line is a dash, a name and a signature")
    return Signature(name, signature[:KEY_ID_BYTES], signature[KEY_ID_BYTES:])
