"""SignedData (GB/T 35275, section 8), as GM/T 0099 wants it in the SignedValue of an OFD.

contentInfo      signedData
  version 1, SM3
  contentInfo    data: the digest that was signed
  certificates   the signer's
  signerInfo     issuer and serial number, SM3, SM2, the signature
"""

from kaipiao.base import der
from kaipiao.base.sm import SM2_SIGN_OID, SM3_OID
from kaipiao.ports import Mark

DATA_OID = "1.2.156.10197.6.1.4.2.1"
SIGNED_DATA_OID = "1.2.156.10197.6.1.4.2.2"


def compose_signed_data(digest: bytes, mark: Mark) -> bytes:
    """DER.  ``digest`` is what the mark was asked for."""
    sm3_only = der.sequence(der.oid(SM3_OID))
    content = der.sequence(der.oid(DATA_OID), der.context(0, der.octets(digest)))
    signer = der.sequence(
        der.integer(1),
        _issuer_and_serial(mark.certificate),
        sm3_only,
        der.sequence(der.oid(SM2_SIGN_OID)),
        der.octets(mark.signature),
    )
    signed = der.sequence(
        der.integer(1),
        der.set_of(sm3_only),
        content,
        der.context(0, mark.certificate),
        der.set_of(signer),
    )
    return der.sequence(der.oid(SIGNED_DATA_OID), der.context(0, signed))


def _issuer_and_serial(certificate: bytes) -> bytes:
    """As the certificate has them, to the byte."""
    fields = der.parse_der(certificate).as_sequence()[0].as_sequence()
    _, serial, _, issuer, *_ = fields
    return der.sequence(issuer.raw, serial.raw)
