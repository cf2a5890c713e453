"""Digital signatures (数字签名) without a seal, GB/T 35275, as bytes: the SignedData of an OFD.

    ContentInfo   signedData: version, SM3, the digest that was signed, certificates, signers
    signer        issuer and serial number of a certificate, algorithms, signature

As for seals, certificates are read for their names and keys, and their chains are not followed.
"""

from kaipiao.base import der
from kaipiao.base.sm import SM2_SIGN_OID, SM2_WITH_SM3_OID
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.ses import Seal, certificate_fields, common_name, is_signed_by

SIGNED_DATA = "1.2.156.10197.6.1.4.2.2"
_SM2 = frozenset({SM2_SIGN_OID, SM2_WITH_SM3_OID})


def is_signed_data(data: bytes) -> bool:
    """Whether it begins as SignedData does.  Raises Unreadable: not DER."""
    inside = der.parse_der(data).as_sequence()
    return bool(inside) and inside[0].tag == der.OID


def read_signed_data(data: bytes) -> Seal:
    """Take a SignedValue.dat apart and do its sums.

    Raises:
        Unreadable: not DER, or no SignedData of one SM2 signer.
    """
    try:
        return _read(data)
    except (IndexError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise _no_signed_data() from None


def _read(data: bytes) -> Seal:
    kind, wrapped = der.parse_der(data).as_sequence()
    if der.parse_oid(kind) != SIGNED_DATA:
        raise _no_signed_data()
    _, _, content, certificates, *_, signers = wrapped.children()[0].as_sequence()
    signed = content.as_sequence()[1].children()[0].as_octets()
    (signer,) = signers.children()
    _, named, _, algorithm, signature, *_ = signer.as_sequence()
    if der.parse_oid(algorithm.as_sequence()[0]) not in _SM2:
        raise _no_signed_data()
    certificate = _named_certificate(certificates, named)
    return Seal(
        name="",
        signer=common_name(certificate),
        maker="",
        stamped_at="",
        covers=signed,
        signature_right=is_signed_by(signed, signature.as_octets(), certificate),
        maker_right=True,
        signer_listed=True,
        has_seal=False,
    )


def _named_certificate(certificates: der.Value, named: der.Value) -> bytes:
    """The one with this issuer and serial number."""
    issuer, serial = named.as_sequence()
    for one in certificates.children():
        fields = certificate_fields(one.raw)
        if (fields[0].raw, fields[2].raw) == (serial.raw, issuer.raw):
            return one.raw
    raise _no_signed_data()


def _no_signed_data() -> Unreadable:
    return Unreadable(
        "",
        zh="签名数据不是 GB/T 35275 的 SM2 签名, 无法验证。",
        en="the signature is no SM2 signature of GB/T 35275, so it cannot be verified.",
    )
