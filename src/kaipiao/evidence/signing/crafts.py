"""How each algorithm makes a secret, knows its public half, and signs."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kaipiao.base import sm
from kaipiao.base.libcrypto import LibcryptoFailed
from kaipiao.evidence.algorithms import ALGORITHMS, ED25519, ML_DSA_44, SM2_WITH_SM3

SEED_BYTES = 32
"""Of Ed25519 and of ML-DSA: the whole key comes from it."""


Sign = Callable[[bytes], bytes]


class Craft(NamedTuple):
    label: str  # what a key is called by, in settings, files and sessions
    secret_bytes: int
    make: Callable[[], bytes]  # a fresh secret
    open: Callable[[bytes], tuple[bytes, Sign]]  # of a secret: its public half, and how to sign


def _make_seed() -> bytes:
    return os.urandom(SEED_BYTES)


def _open_ed25519(seed: bytes) -> tuple[bytes, Sign]:
    secret = Ed25519PrivateKey.from_private_bytes(seed)
    return secret.public_key().public_bytes_raw(), secret.sign


def _open_ml_dsa_44(seed: bytes) -> tuple[bytes, Sign]:
    """Hedged (FIPS 204, its default): fresh chance goes into each, so no two are the same."""
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

    secret = MLDSA44PrivateKey.from_seed_bytes(seed)
    return secret.public_key().public_bytes_raw(), lambda data: secret.sign(data)


def _make_sm2() -> bytes:
    private, public = sm.make_keys()
    return private + public


def _open_sm2(secret: bytes) -> tuple[bytes, Sign]:
    """The public half is stored behind the private one; a signature shows they are one key's.

    Raises:
        ValueError: they are not.
    """
    private, public = secret[: sm.PRIVATE_BYTES], secret[sm.PRIVATE_BYTES :]
    sign = partial(sm.sign, private_key=private, public_key=public)
    try:
        is_ours = sm.is_signed(b"", signature=sign(b""), public_key=public)
    except LibcryptoFailed:
        is_ours = False
    if not is_ours:
        raise ValueError("the SM2 key's halves do not belong together")
    return public, sign


CRAFTS: Mapping[bytes, Craft] = {
    ED25519: Craft("ed25519", SEED_BYTES, _make_seed, _open_ed25519),
    ML_DSA_44: Craft("ml-dsa-44", SEED_BYTES, _make_seed, _open_ml_dsa_44),
    SM2_WITH_SM3: Craft("sm2", sm.PRIVATE_BYTES + sm.PUBLIC_BYTES, _make_sm2, _open_sm2),
}
"""By type, Ed25519 first: in this order a checkpoint is signed."""
assert CRAFTS.keys() == ALGORITHMS.keys()

KINDS: Mapping[str, bytes] = {craft.label: kind for kind, craft in CRAFTS.items()}
