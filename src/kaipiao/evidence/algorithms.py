"""The signatures a note may carry, each by the type bytes of C2SP signed-note.

    01  Ed25519 over the text (RFC 8032): what a public log must have
    06  ML-DSA-44 (FIPS 204) over the tree that a checkpoint names (C2SP tlog-cosignature,
        "subtree/v1"): for the day when a quantum computer breaks the first
    ff… SM2 with SM3 (GB/T 32918, 32905) over the text, under an identifier of ours: C2SP has
        assigned none, so strangers ignore the line, which is lawful

Whoever does not know a type ignores its lines.
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kaipiao.base import sm
from kaipiao.evidence.checkpoint import Checkpoint, parse_checkpoint

ED25519 = b"\x01"
ML_DSA_44 = b"\x06"
SM2_WITH_SM3 = b"\xffsm2-with-sm3/1.2.156.10197.1.501"
"""Behind 0xff comes the name of the algorithm and its OID, so that nobody else means another."""

NAME_BYTES_MAX = 255
"""What the message of an ML-DSA-44 signature can carry of a name or an origin."""
_LABEL = b"subtree/v1\n\0"
_number = Struct(">Q")
_span = Struct(">QQ")


class Algorithm(NamedTuple):
    """One way to sign: how long its public keys are, and what they check.

    ``is_signed(public, signature, text, name)``: the name is the signer's.
    """

    title: str  # as people read it
    public_bytes: int
    is_signed: Callable[[bytes, bytes, bytes, str], bool]


def _is_ed25519(public: bytes, signature: bytes, text: bytes, name: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _is_ml_dsa_44(public: bytes, signature: bytes, text: bytes, name: str) -> bool:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

    if len(signature) <= _number.size:
        return False
    (seconds,) = _number.unpack_from(signature)
    try:
        checkpoint = parse_checkpoint(text.decode())
        message = compose_subtree_message(checkpoint, name=name, seconds=seconds)
        MLDSA44PublicKey.from_public_bytes(public).verify(signature[_number.size :], message)
    except (InvalidSignature, ValueError):  # ValueError: this text names no tree
        return False
    return True


def _is_sm2_with_sm3(public: bytes, signature: bytes, text: bytes, name: str) -> bool:
    return sm.is_signed(text, signature=signature, public_key=public)


ALGORITHMS: Mapping[bytes, Algorithm] = {
    ED25519: Algorithm("Ed25519", 32, _is_ed25519),
    ML_DSA_44: Algorithm("ML-DSA-44", 1312, _is_ml_dsa_44),
    SM2_WITH_SM3: Algorithm("SM2-with-SM3", sm.PUBLIC_BYTES, _is_sm2_with_sm3),
}
"""By type bytes; none begins another, so a key says by itself which it is."""


def split_key(content: bytes) -> tuple[bytes, bytes]:
    """Type bytes and public key of what a verifier key holds.

    Raises:
        ValueError: the type is not one of ours, or its keys have another length.
    """
    for kind, algorithm in ALGORITHMS.items():
        if content.startswith(kind):
            public = content[len(kind) :]
            if len(public) != algorithm.public_bytes:
                raise ValueError(f"a key of {algorithm.title} has {algorithm.public_bytes} bytes")
            return kind, public
    raise ValueError(f"this is not a verifier key of {', '.join(titles())}")


def titles() -> list[str]:
    return [algorithm.title for algorithm in ALGORITHMS.values()]


def compose_subtree_message(checkpoint: Checkpoint, *, name: str, seconds: int) -> bytes:
    """What ML-DSA-44 signs for a whole tree (C2SP tlog-cosignature, ``cosigned_message``).

    ``seconds`` since 1970; 0 states no time.

    Raises:
        ValueError: a name is longer than the message can carry.
    """
    return b"".join(
        (
            _LABEL,
            _with_length(name),
            _number.pack(seconds),
            _with_length(checkpoint.origin),
            _span.pack(0, checkpoint.size),
            checkpoint.root,
        )
    )


def _with_length(name: str) -> bytes:
    content = name.encode()
    if not 0 < len(content) <= NAME_BYTES_MAX:
        raise ValueError(f"a name has 1 to {NAME_BYTES_MAX} bytes here")
    return bytes((len(content),)) + content
