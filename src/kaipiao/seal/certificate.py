"""The certificate of a local seal (RFC 5280 on SM2, as GB/T 20518 has it), made by itself.

It cannot be mistaken for anybody else's: name and comment say that the platform made it.
"""

import base64
from datetime import datetime, timedelta

from kaipiao.base import der
from kaipiao.base.sm import SM2_OID, SM2_WITH_SM3_OID, sign

SELF_MADE = "平台自制 self-made"
UNIT = "非国家机关 no state body"
COMMENT = (
    "Self-made certificate of an e-invoice platform. It shows that a document was not changed "
    "since this platform made it. No authority and no state body stands behind it."
)
VALID_FOR = timedelta(days=3653)
NAME_CHARS_MAX = 64  # ub-common-name, ub-organization-name

EC_PUBLIC_KEY_OID = "1.2.840.10045.2.1"
_COMMON_NAME, _ORGANIZATION, _UNIT = "2.5.4.3", "2.5.4.10", "2.5.4.11"
_KEY_USAGE, _CONSTRAINTS, _COMMENT = "2.5.29.15", "2.5.29.19", "2.16.840.1.113730.1.13"
_SIGNATURE_ONLY = b"\x03\x02\x06\xc0"  # BIT STRING: digitalSignature, nonRepudiation
_TRUE = b"\xff"


def make_certificate(
    platform: str, *, private_key: bytes, public_key: bytes, serial: int, made_at: datetime
) -> bytes:
    """DER.  ``platform`` is who made it; ``made_at`` is an instant in UTC."""
    name = _name(platform)
    to_sign = der.sequence(
        der.context(0, der.integer(2)),  # X.509 version 3
        der.integer(serial),
        der.sequence(der.oid(SM2_WITH_SM3_OID)),
        name,
        der.sequence(_time(made_at), _time(made_at + VALID_FOR)),
        name,
        public_key_info(public_key),
        der.context(3, der.sequence(*_extensions())),
    )
    signature = sign(to_sign, private_key=private_key, public_key=public_key)
    return der.sequence(to_sign, der.sequence(der.oid(SM2_WITH_SM3_OID)), der.bits(signature))


def algorithm() -> bytes:
    """AlgorithmIdentifier of a key on the SM2 curve."""
    return der.sequence(der.oid(EC_PUBLIC_KEY_OID), der.oid(SM2_OID))


def public_key_info(public_key: bytes) -> bytes:
    return der.sequence(algorithm(), der.bits(b"\x04" + public_key))


def to_pem(label: str, content: bytes) -> str:
    text = base64.b64encode(content).decode()
    rows = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *rows, f"-----END {label}-----", ""))


def parse_pem(label: str, text: str) -> bytes:
    """The bytes of the first block of this label.  Raises ValueError."""
    _, begin, rest = text.partition(f"-----BEGIN {label}-----\n")
    body, end, _ = rest.partition(f"-----END {label}-----")
    if not begin or not end:
        raise ValueError(f"there is no {label} in it")
    return base64.b64decode("".join(body.split()), validate=True)


def name_in(certificate: bytes) -> str:
    """The common name of its subject.  Raises Unreadable, or IndexError."""
    *_, common = der.parse_der(certificate).as_sequence()[0].as_sequence()[5].as_sequence()
    return common.children()[0].as_sequence()[1].as_text()


def _name(platform: str) -> bytes:
    """The platform twice, because most programs show the common name only."""
    common = f"{platform[: NAME_CHARS_MAX - len(SELF_MADE) - 1]} {SELF_MADE}"
    parts = ((_ORGANIZATION, platform[:NAME_CHARS_MAX]), (_UNIT, UNIT), (_COMMON_NAME, common))
    return der.sequence(
        *(der.set_of(der.sequence(der.oid(kind), der.utf8(text))) for kind, text in parts)
    )


def _extensions() -> tuple[bytes, ...]:
    critical = der.encode(der.BOOLEAN, _TRUE)
    comment = der.encode(der.IA5_STRING, COMMENT.encode("ascii"))
    return (
        der.sequence(der.oid(_CONSTRAINTS), critical, der.octets(der.sequence())),
        der.sequence(der.oid(_KEY_USAGE), critical, der.octets(_SIGNATURE_ONLY)),
        der.sequence(der.oid(_COMMENT), der.octets(comment)),
    )


def _time(instant: datetime) -> bytes:
    """UTCTime until 2049, as RFC 5280 demands."""
    if instant.year < 2050:
        return der.encode(der.UTC_TIME, f"{instant:%y%m%d%H%M%S}Z".encode())
    return der.encode(der.GENERALIZED_TIME, f"{instant:%Y%m%d%H%M%S}Z".encode())
