"""A small authority of the cluster's own, and a certificate for each member.

    DIR/authority/ca.key   signs; lies with the operator, never on a member
    DIR/authority/ca.crt   what every member trusts, and nothing else

A member's certificate names its address and ``MEMBER.CLUSTER``; it is good for both ends of a
connection.  P-256, because every program here knows it.
"""

import ipaddress
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kaipiao.base.durable import write_whole
from kaipiao.base.secret_file import read_secret, write_secret
from kaipiao.base.unreadable import Unreadable
from kaipiao.continuity.cluster.description import Description, Member
from kaipiao.continuity.cluster.places import AUTHORITY, MEMBER

AUTHORITY_VALID = timedelta(days=20 * 365)
MEMBER_VALID = timedelta(days=2 * 365)
BACKDATED = timedelta(days=1)
"""A member whose clock is behind must not find its peers' certificates not yet valid."""

AUTHORITY_KEY = "ca.key"
KEY_CHARS_MAX = 8_192


class NoAuthority(Unreadable):
    """The folder does not hold the cluster's authority: nothing can be issued by it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            str(folder),
            zh=f"没有 {AUTHORITY_KEY}: 证书须由建立集群时的签发者签发。请用当时 "
            "kaipiao cluster init -o DIR 的 DIR。",
            en=f"there is no {AUTHORITY_KEY}: certificates are issued by the authority that "
            "kaipiao cluster init -o DIR made. Name that DIR.",
        )


class Authority(NamedTuple):
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def make_authority(folder: Path, cluster: str, *, now: datetime) -> None:
    """Make it, unless it is there."""
    if (folder / AUTHORITY_KEY).exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, name = ec.generate_private_key(ec.SECP256R1()), _name(f"{cluster} members")
    usage = x509.KeyUsage(*([False] * 5 + [True] * 2 + [False] * 2))  # signs certificates
    builder = (
        _builder(name, name, now, AUTHORITY_VALID)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    write_whole(folder / AUTHORITY, _pem(builder.sign(key, SHA256())), mode=0o644)
    write_secret(folder / AUTHORITY_KEY, _pem_key(key).decode("ascii"))


def open_authority(folder: Path) -> Authority:
    """Raises NoAuthority; ValueError: others may read the key, or it is none."""
    try:
        text = read_secret(folder / AUTHORITY_KEY, chars_max=KEY_CHARS_MAX)
        certificate = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    except FileNotFoundError:
        raise NoAuthority(folder) from None
    key = load_pem_private_key(text.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{folder / AUTHORITY_KEY} is not the key of an elliptic curve")
    return Authority(key, certificate)


def issue(
    authority: Authority, description: Description, member: Member, folder: Path, *, now: datetime
) -> None:
    """A new key and certificate for the member, in place of those in ``folder``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"{member.name}.{description.name}"
    names = x509.SubjectAlternativeName(
        [x509.IPAddress(ipaddress.ip_address(member.address)), x509.DNSName(name)]
    )
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    usage = x509.KeyUsage(True, *([False] * 8))  # digitalSignature
    ours = authority.key.public_key()
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(ours)
    builder = (
        _builder(authority.certificate.subject, _name(name), now, MEMBER_VALID)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .add_extension(names, critical=False)
        .add_extension(issued_by, critical=False)
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(folder / AUTHORITY, _pem(authority.certificate), mode=0o644)
    write_whole(folder / MEMBER, _pem(builder.sign(authority.key, SHA256())) + _pem_key(key))


def _builder(
    issuer: x509.Name, subject: x509.Name, now: datetime, valid: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=subject)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + valid)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
