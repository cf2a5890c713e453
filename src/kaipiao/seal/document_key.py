"""The key for what strangers' programs check: P-256, with a certificate made by itself.

SM2 is what the trade signs with here; PDF readers and XML libraries elsewhere do not know it.  So
PDF (PAdES) and XML (XMLDSig) get a signature by this key, too.  ``documents.pem`` holds the key
(PKCS #8) and its certificate; ``documents.crt`` is the certificate alone, for everyone.

Signatures are deterministic (RFC 6979): the same document, the same bytes.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

from kaipiao.base import der
from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.seal.certificate import COMMENT, NAME_CHARS_MAX, SELF_MADE, UNIT, VALID_FOR

DOCUMENT_KEY_NAME = "documents.pem"
DOCUMENT_CERTIFICATE_NAME = "documents.crt"
KEY_CHARS_MAX = 8_192
SERIAL_BYTES = 15
_COMMENT = ObjectIdentifier("2.16.840.1.113730.1.13")


class DocumentKey:
    """Signs with ECDSA on P-256 over SHA-256; CPU only, some 50 µs."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate.public_bytes(Encoding.DER)
        self.made_at = certificate.not_valid_before_utc
        self.who = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    def __repr__(self) -> str:
        return f"<DocumentKey {self.who}>"

    def sign(self, data: bytes) -> bytes:
        """DER, r and s; the same data, the same signature."""
        return self._key.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True))


def open_document_key(folder: Path, platform: str, *, now: datetime) -> DocumentKey:
    """The key in this folder, made now if there is none; ``platform`` is then named in it.

    Raises:
        ValueError: the file there is no such key, or others on this machine may read it.
    """
    try:
        return load_document_key(folder)
    except FileNotFoundError:
        return create_document_key(folder, platform, now=now)


def create_document_key(folder: Path, platform: str, *, now: datetime) -> DocumentKey:
    """Raises FileExistsError: there is one.  What it signed must stay checkable."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _make_certificate(platform, key, now)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = certificate.public_bytes(Encoding.PEM)
    write_secret(folder / DOCUMENT_KEY_NAME, (secret + public).decode("ascii"))
    (folder / DOCUMENT_CERTIFICATE_NAME).write_bytes(public)
    return DocumentKey(key, certificate)


def load_document_key(folder: Path) -> DocumentKey:
    """Load the key, and write ``documents.crt`` again should it be missing.

    Raises:
        FileNotFoundError: there is none yet.
        ValueError: the file is no such key, or others on this machine may read it.
    """
    text = read_secret(folder / DOCUMENT_KEY_NAME, chars_max=KEY_CHARS_MAX).encode()
    key, certificate = load_pem_private_key(text, None), x509.load_pem_x509_certificate(text)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError("this is not a P-256 key")
    if key.public_key() != certificate.public_key():
        raise ValueError("the document key and its certificate do not belong together")
    if not (folder / DOCUMENT_CERTIFICATE_NAME).exists():
        public = certificate.public_bytes(Encoding.PEM)
        (folder / DOCUMENT_CERTIFICATE_NAME).write_bytes(public)
    return DocumentKey(key, certificate)


def _make_certificate(
    platform: str, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.Certificate:
    name, made_at = _name(platform), now.astimezone(UTC).replace(microsecond=0)
    usage = x509.KeyUsage(True, True, *([False] * 7))  # digitalSignature, nonRepudiation
    comment = der.encode(der.IA5_STRING, COMMENT.encode("ascii"))
    builder = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(os.urandom(SERIAL_BYTES), "big") + 1)
        .not_valid_before(made_at)
        .not_valid_after(made_at + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.UnrecognizedExtension(_COMMENT, comment), critical=False)
    )
    return builder.sign(key, SHA256())


def _name(platform: str) -> x509.Name:
    """The platform twice, because most programs show the common name only."""
    common = f"{platform[: NAME_CHARS_MAX - len(SELF_MADE) - 1]} {SELF_MADE}"
    parts = (
        (NameOID.ORGANIZATION_NAME, platform[:NAME_CHARS_MAX]),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])
