"""SM3 (GB/T 32905) and SM2 signatures (GB/T 32918), as documents are sealed with.

Both come from OpenSSL where it has them, else from gmssl-pyx.  Before the first use of SM2 the
example that the standard prints is worked out: who gets it wrong is not asked again.
"""

import hashlib
from functools import cache
from typing import Protocol

import gmssl_pyx

from kaipiao.base import libcrypto

SM3_OID = "1.2.156.10197.1.401"
SM2_OID = "1.2.156.10197.1.301"
"""The curve, and hence the keys on it."""
SM2_SIGN_OID = "1.2.156.10197.1.301.1"
SM2_WITH_SM3_OID = "1.2.156.10197.1.501"

SIGNER_ID = b"1234567812345678"
"""The id everybody uses unless they agreed on another (GB/T 35276)."""

PRIVATE_BYTES, PUBLIC_BYTES = 32, 64

_IN_OPENSSL = "sm3" in hashlib.algorithms_available


def sm3(data: bytes) -> bytes:
    """32 bytes."""
    if _IN_OPENSSL:
        return hashlib.new("sm3", data).digest()
    return bytes(gmssl_pyx.sm3_hash(data))


class SmBroken(Exception):
    """SM2 on this machine answers wrongly what the standard answers: nothing is signed with it."""


class Sm2(Protocol):
    """Whoever works SM2 out.  Lengths are right; what is no key or signature has signed nothing."""

    def is_signed(
        self, data: bytes, signature: bytes, public_key: bytes, signer_id: bytes
    ) -> bool: ...

    def sign(
        self, data: bytes, private_key: bytes, public_key: bytes, signer_id: bytes
    ) -> bytes: ...


class Gmssl:
    def is_signed(self, data: bytes, signature: bytes, public_key: bytes, signer_id: bytes) -> bool:
        try:
            return bool(gmssl_pyx.sm2_verify(public_key, data, signature, signer_id))
        except gmssl_pyx.GmsslInnerError:
            return False

    def sign(self, data: bytes, private_key: bytes, public_key: bytes, signer_id: bytes) -> bytes:
        return bytes(gmssl_pyx.sm2_sign(private_key, public_key, data, signer_id))


_EXAMPLE = b"message digest"
_PRIVATE = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
_PUBLIC = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
_SIGNATURE = bytes.fromhex(
    "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
"""GM/T 0003.5 (GB/T 32918.5), annex A: the key, the message, and the signature printed there."""
_ABC = bytes.fromhex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
"""GM/T 0004 (GB/T 32905), annex A: SM3 of "abc"."""


def prove(engine: Sm2) -> None:
    """Let ``engine`` work out the standard's own examples.

    A signature depends on chance, so the printed one is checked, and a new one both ways.

    Raises:
        SmBroken: it gets one wrong.
    """
    fresh = engine.sign(_EXAMPLE, _PRIVATE, _PUBLIC, SIGNER_ID)
    right = (
        sm3(b"abc") == _ABC
        and engine.is_signed(_EXAMPLE, _SIGNATURE, _PUBLIC, SIGNER_ID)
        and not engine.is_signed(b"another", _SIGNATURE, _PUBLIC, SIGNER_ID)
        and engine.is_signed(_EXAMPLE, fresh, _PUBLIC, SIGNER_ID)
        and not engine.is_signed(_EXAMPLE, fresh, _PUBLIC, b"8765432187654321")
    )
    if not right:
        raise SmBroken(f"{type(engine).__module__} gets the example of GM/T 0003 wrong")


@cache
def _proven() -> Sm2:
    """Raises SmBroken, every time it is asked."""
    engine: Sm2 = libcrypto.load() or Gmssl()
    prove(engine)
    return engine


def is_signed(data: bytes, *, signature: bytes, public_key: bytes) -> bool:
    """Whether ``signature`` (DER, r and s) over ``data`` is by ``public_key`` (64 bytes, x and y).

    A key that is no point of the curve, or a signature that is no DER, has signed nothing.

    Raises:
        SmBroken: nobody on this machine can tell.
    """
    return _proven().is_signed(data, signature, public_key, SIGNER_ID)


def make_keys() -> tuple[bytes, bytes]:
    """A fresh private key (32 bytes) and its public key (64 bytes, x and y)."""
    public, private = gmssl_pyx.sm2_key_generate()
    return bytes(private), bytes(public)


def sign(data: bytes, *, private_key: bytes, public_key: bytes) -> bytes:
    """A signature over ``data`` (DER, r and s); no two are the same.

    Raises:
        SmBroken: nothing can be signed with SM2 here.
    """
    return _proven().sign(data, private_key, public_key, SIGNER_ID)
