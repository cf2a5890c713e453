"""Is this mark by that key?  Needs the certificate and nobody's help."""

from hashlib import sha256

from kaipiao.base import der
from kaipiao.base.sm import PUBLIC_BYTES, SM2_OID, SM2_WITH_SM3_OID, is_signed
from kaipiao.base.unreadable import Unreadable
from kaipiao.fiscal.seal import SealKey
from kaipiao.seal.certificate import EC_PUBLIC_KEY_OID

ED25519_OID = "1.3.101.112"
ED25519_BYTES = 32
ALGORITHMS = {SM2_WITH_SM3_OID: "SM2-SM3", ED25519_OID: "Ed25519"}
"""What marks may be made with, by OID, and how people call it."""


def seal_key(vendor: str, certificate: bytes) -> SealKey:
    """The key that this certificate is for.  Raises ValueError: it is none we can check."""
    algorithm, _ = key_in(certificate)
    key_id = sha256(certificate).hexdigest()
    return SealKey(vendor=vendor, key_id=key_id, algorithm=algorithm, certificate=certificate)


def key_in(certificate: bytes) -> tuple[str, bytes]:
    """The OID of its signatures and the raw public key: SM2 64 bytes, Ed25519 32.

    Raises:
        ValueError: not an X.509 certificate, or for a key of another kind.
    """
    try:
        info = der.parse_der(certificate).as_sequence()[0].as_sequence()[6].as_sequence()
        oids = [der.parse_oid(one) for one in info[0].as_sequence() if one.tag == der.OID]
        key = info[1].as_bits()
    except (Unreadable, IndexError):
        raise ValueError("this is not an X.509 certificate") from None
    if oids == [EC_PUBLIC_KEY_OID, SM2_OID] and len(key) == 1 + PUBLIC_BYTES and key[0] == 4:
        return SM2_WITH_SM3_OID, key[1:]
    if oids == [ED25519_OID] and len(key) == ED25519_BYTES:
        return ED25519_OID, key
    raise ValueError("the certificate's key is neither SM2 nor Ed25519")


def is_mark_good(statement: bytes, signature: bytes, certificate: bytes) -> bool:
    """Whether the certificate's key signed this very statement.

    Raises:
        ValueError: as ``key_in``.
    """
    algorithm, key = key_in(certificate)
    if algorithm == SM2_WITH_SM3_OID:
        return is_signed(statement, signature=signature, public_key=key)
    return _is_signed_ed25519(statement, signature, key)


def _is_signed_ed25519(data: bytes, signature: bytes, key: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True
