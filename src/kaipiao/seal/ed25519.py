"""A local Ed25519 key for seals: a vendor that needs nobody, thirty times as fast as SM2.

``seal-ed25519.pem`` holds the key (PKCS #8) and a certificate that it made for itself.
"""

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.seal.certificate import NAME_CHARS_MAX, SELF_MADE, UNIT, VALID_FOR, parse_pem, to_pem
from kaipiao.seal.local import KEY_CHARS_MAX

KEY_NAME = "seal-ed25519.pem"


class Ed25519Seal:
    """Signs with the key in one file; the secret is in no repr."""

    def __init__(self, secret: Ed25519PrivateKey, certificate: bytes) -> None:
        self._secret = secret
        self.certificate = certificate

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        return self._secret.sign(data)


def open_ed25519(folder: Path, platform: str, *, now: datetime) -> Ed25519Seal:
    """The key in this folder, made now if there is none.

    Raises:
        ValueError: the file there holds no such key, or others on this machine may read it.
    """
    path = folder / KEY_NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_secret(path, _make(platform, now))
    text = read_secret(path, chars_max=KEY_CHARS_MAX)
    secret = serialization.load_pem_private_key(text.encode(), password=None)
    certificate = parse_pem("CERTIFICATE", text)
    if not isinstance(secret, Ed25519PrivateKey):
        raise ValueError(f"{path} does not hold an Ed25519 key")
    if x509.load_der_x509_certificate(certificate).public_key() != secret.public_key():
        raise ValueError(f"key and certificate in {path} do not belong together")
    return Ed25519Seal(secret, certificate)


def _make(platform: str, now: datetime) -> str:
    """A fresh key and its certificate, PEM."""
    secret = Ed25519PrivateKey.generate()
    common = f"{platform[: NAME_CHARS_MAX - len(SELF_MADE) - 1]} {SELF_MADE}"
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, platform[:NAME_CHARS_MAX]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    certificate = (
        x509.CertificateBuilder(name, name, secret.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + VALID_FOR)
        .sign(secret, None)
    )
    key = secret.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return key.decode() + to_pem(
        "CERTIFICATE", certificate.public_bytes(serialization.Encoding.DER)
    )
