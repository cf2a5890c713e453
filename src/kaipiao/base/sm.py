"""SM3 (GB/T 32905) and SM2 signatures (GB/T 32918), as documents are sealed with.

SM3 comes from OpenSSL where it has it, which is a thousand times faster than Python.
"""

import hashlib

import gmssl_pyx

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


def is_signed(data: bytes, *, signature: bytes, public_key: bytes) -> bool:
    """Whether ``signature`` (DER, r and s) over ``data`` is by ``public_key`` (64 bytes, x and y).

    A key that is no point of the curve, or a signature that is no DER, has signed nothing.
    """
    try:
        return bool(gmssl_pyx.sm2_verify(public_key, data, signature, SIGNER_ID))
    except gmssl_pyx.GmsslInnerError:
        return False


def make_keys() -> tuple[bytes, bytes]:
    """A fresh private key (32 bytes) and its public key (64 bytes, x and y)."""
    public, private = gmssl_pyx.sm2_key_generate()
    return bytes(private), bytes(public)


def sign(data: bytes, *, private_key: bytes, public_key: bytes) -> bytes:
    """A signature over ``data`` (DER, r and s); no two are the same."""
    return bytes(gmssl_pyx.sm2_sign(private_key, public_key, data, SIGNER_ID))
