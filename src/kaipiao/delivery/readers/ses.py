"""Electronic seals (电子签章), GB/T 38540-2020 version 4, as bytes.

    SES_Signature   TBS_Sign, signer's certificate, algorithm, signature over the TBS_Sign
    TBS_Sign        version 4, seal, time, hash of Signature.xml, its path
    SESeal          seal info, maker's certificate, algorithm, signature over the info
    seal info       header, id, (kind, name, certificates of the signers, dates), picture …

That the maker signs the info alone was measured on genuine seals of three makers.

Arithmetic only: certificates are read for their names and keys, and their chains are not
followed, because the roots of the trade's certificate authority are not public.
"""

from typing import NamedTuple

from kaipiao.base import der
from kaipiao.base.sm import is_signed
from kaipiao.base.unreadable import Unreadable

VERSION = b"\x04"
SM2_WITH_SM3 = "1.2.156.10197.1.501"
_COMMON_NAME = "2.5.4.3"
_CONTEXT_0 = 0xA0
_BOTH_COORDINATES = 0x04  # before x and y of an uncompressed point


class Seal(NamedTuple):
    """What one SES_Signature says, and which of its sums are right."""

    name: str
    signer: str
    maker: str
    stamped_at: str  # GeneralizedTime, as written
    covers: bytes  # the hash that Signature.xml must have
    signature_right: bool  # the signer's, over all of it
    maker_right: bool  # the maker's, over the seal
    signer_listed: bool  # the seal names this signer's certificate
    has_seal: bool = True  # False: a signature alone, of which the last two are not asked


def read_seal(data: bytes) -> Seal:
    """Take a SignedValue.dat apart and do its sums.

    Raises:
        Unreadable: not DER, or not a version 4 seal.
    """
    try:
        return _read(data)
    except (IndexError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise _not_v4() from None


def _read(data: bytes) -> Seal:
    to_sign, certificate, algorithm, signature, *_ = der.parse_der(data).as_sequence()
    version, seal, stamped_at, covers, *_ = to_sign.as_sequence()
    if version.content != VERSION or der.parse_oid(algorithm) != SM2_WITH_SM3:
        raise _not_v4()
    info, maker, _, maker_signature, *_ = seal.as_sequence()
    signer_certificate, maker_certificate = certificate.as_octets(), maker.as_octets()
    properties = info.as_sequence()[2].as_sequence()
    listed = [one.as_octets() for one in properties[3].as_sequence()]
    return Seal(
        name=properties[1].as_text(),
        signer=common_name(signer_certificate),
        maker=common_name(maker_certificate),
        stamped_at=stamped_at.as_text(),
        covers=covers.as_bits(),
        signature_right=is_signed_by(to_sign.raw, signature.as_bits(), signer_certificate),
        maker_right=is_signed_by(info.raw, maker_signature.as_bits(), maker_certificate),
        signer_listed=signer_certificate in listed,
    )


def is_signed_by(data: bytes, signature: bytes, certificate: bytes) -> bool:
    """Whether the certificate's key signed the data, to the byte."""
    key = certificate_fields(certificate)[5].as_sequence()[1].as_bits()
    if len(key) != 65 or key[0] != _BOTH_COORDINATES:
        return False
    return is_signed(data, signature=signature, public_key=key[1:])


def common_name(certificate: bytes) -> str:
    """Whose certificate it is; empty if it does not say."""
    for part in certificate_fields(certificate)[4].as_sequence():
        for attribute in part.children():
            kind, value, *_ = attribute.as_sequence()
            if der.parse_oid(kind) == _COMMON_NAME:
                return value.as_text()
    return ""


def certificate_fields(certificate: bytes) -> list[der.Value]:
    """serial, algorithm, issuer, validity, subject, public key, … (RFC 5280)."""
    fields = der.parse_der(certificate).as_sequence()[0].as_sequence()
    return fields[1:] if fields[0].tag == _CONTEXT_0 else fields


def _not_v4() -> Unreadable:
    return Unreadable(
        "",
        zh="签章数据不是 GB/T 38540 第 4 版格式, 无法验证。",
        en="the seal is not of GB/T 38540 version 4, so it cannot be verified.",
    )
