"""ECDSA on P-256 over SHA-256 (FIPS 186-5), checked: what PDF readers and XML libraries know."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

P256_OID = "1.2.840.10045.3.1.7"
"""The curve."""
ECDSA_WITH_SHA256_OID = "1.2.840.10045.4.3.2"

PUBLIC_BYTES = 64


def is_signed(data: bytes, *, signature: bytes, public_key: bytes) -> bool:
    """Whether ``signature`` (DER, r and s) over ``data`` is by ``public_key`` (64 bytes, x and y).

    A key that is no point of the curve, or a signature that is no DER, has signed nothing.
    """
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public_key)
        key.verify(signature, data, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
