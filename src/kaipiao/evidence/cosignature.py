"""Cosignatures (见证签名, C2SP tlog-cosignature): a witness's word on a checkpoint.

It says: at this second, this was the largest tree I had seen of that log, and it grew out of all
that I had seen before.  What is signed is two lines before the checkpoint's own text:

    cosignature/v1
    time 1679315147
    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

and what stands in the note's line is eight bytes of time (Unix seconds, big-endian) and then the
64 bytes of an Ed25519 signature.  The text does not name the witness: hence one key, one witness.
"""

from base64 import b64encode
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kaipiao.evidence.note import Note, Signature, is_key_name, key_id_of, parse_base64

COSIGNATURE_V1 = b"\x04"
SECONDS_MAX = 2**63 - 1
VKEY_CHARS_MAX = 512
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_PUBLIC_BYTES = 32


class CosignerKey(NamedTuple):
    """The public half of a witness's key, with the name it cosigns under."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        return key_id_of(self.name, COSIGNATURE_V1 + self.public)

    def __str__(self) -> str:
        """As everyone exchanges it: ``name+key id+base64``."""
        key = b64encode(COSIGNATURE_V1 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{key}"

    def cosigned_at(self, note: Note) -> int | None:
        """When this witness cosigned, in Unix seconds; None if it did not.

        A line that claims to be its and is not spoils the whole note, as signed-note has it.  Of
        several good ones the newest counts.
        """
        ours = [s for s in note.signatures if (s.name, s.key_id) == (self.name, self.key_id)]
        times = [self._time_of(s.signature, note.text) for s in ours]
        good = [time for time in times if time is not None]
        return max(good) if good and len(good) == len(times) else None

    def _time_of(self, stamped: bytes, text: str) -> int | None:
        seconds = int.from_bytes(stamped[:_TIME_BYTES], "big")
        if len(stamped) != _TIME_BYTES + _SIGNATURE_BYTES or not 0 < seconds <= SECONDS_MAX:
            return None
        public = Ed25519PublicKey.from_public_bytes(self.public)
        try:
            public.verify(stamped[_TIME_BYTES:], cosigned_message(text, seconds))
        except InvalidSignature:
            return None
        return seconds


class Cosigner:
    """Whoever holds a witness's secret."""

    def __init__(self, name: str, seed: bytes) -> None:
        assert is_key_name(name)
        self._secret = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = CosignerKey(name, self._secret.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<Cosigner {self.key}>"

    def cosign(self, text: str, *, seconds: int) -> Signature:
        """Cosign a checkpoint's text as of this Unix second.  Only ever after having checked it."""
        assert 0 < seconds <= SECONDS_MAX
        stamped = seconds.to_bytes(_TIME_BYTES, "big")
        signature = self._secret.sign(cosigned_message(text, seconds))
        return Signature(self.key.name, self.key.key_id, stamped + signature)


def cosigned_message(text: str, seconds: int) -> bytes:
    """What is signed; ``text`` is the checkpoint's, with its last newline."""
    assert text.endswith("\n")
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def parse_cosigner_key(text: str) -> CosignerKey:
    """Read a witness's verifier key, ``name+key id+base64``.

    Raises:
        ValueError: if it is not one, is of another kind, or its parts do not belong together.
    """
    parts = text.strip().split("+", 2)
    if len(text) > VKEY_CHARS_MAX or len(parts) != 3 or not is_key_name(parts[0]):
        raise ValueError("a witness's key is written name+key id+base64")
    key = parse_base64(parts[2])
    if len(key) != 1 + _PUBLIC_BYTES or key[:1] != COSIGNATURE_V1:
        raise ValueError("this is not the key of an Ed25519 witness (cosignature/v1)")
    cosigner = CosignerKey(parts[0], key[1:])
    if parts[1] != cosigner.key_id.hex():
        raise ValueError("the witness's key's parts do not belong together")
    return cosigner


def compose_line(signature: Signature) -> str:
    """One line under a note, with its newline: what a witness answers, and what a log appends."""
    content = b64encode(signature.key_id + signature.signature).decode()
    return f"\N{EM DASH} {signature.name} {content}\n"
