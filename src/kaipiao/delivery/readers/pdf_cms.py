"""The CMS (RFC 5652) inside a PDF's signature: what is needed to do its sums, read strictly."""

from typing import NamedTuple

from kaipiao.base import der, p256
from kaipiao.delivery.readers.ses import certificate_fields, common_name
from kaipiao.delivery.renditions.pdf.cms import MESSAGE_DIGEST_OID, SHA256_OID, compose_cms

_LONG = 0x80


class Cms(NamedTuple):
    """One signer's, with signed attributes over SHA-256."""

    digest: bytes  # that all of the file but the gap should have
    attributes: bytes  # the SET that is signed
    certificate: bytes
    signature: bytes
    signer: str  # common name
    is_p256: bool

    def is_signed(self) -> bool | None:
        """Whether the certificate's key signed the attributes; None: by another algorithm."""
        key = certificate_fields(self.certificate)[5].as_sequence()[1].as_bits()
        if not self.is_p256 or len(key) != 1 + p256.PUBLIC_BYTES:
            return None
        return p256.is_signed(self.attributes, signature=self.signature, public_key=key[1:])

    def as_written_by_us(self) -> bytes:
        """What we would have written around this certificate and signature."""
        return compose_cms(self.digest, self.certificate, lambda _: self.signature)


def read_cms(room: bytes) -> Cms:
    """The CMS at the start of ``room``.

    Raises:
        Unreadable, IndexError, ValueError: none of this kind.
    """
    _, wrapped = der.parse_der(room[: _size_of(room)]).as_sequence()
    _, _, _, certificates, *_, signers = wrapped.children()[0].as_sequence()
    (signer,) = signers.children()
    _, _, hashed_by, attributes, algorithm, signature, *_ = signer.as_sequence()
    if der.parse_oid(hashed_by.as_sequence()[0]) != SHA256_OID:
        raise ValueError("it has another digest")
    certificate = certificates.children()[0].raw
    return Cms(
        digest=_attribute(attributes, MESSAGE_DIGEST_OID).as_octets(),
        attributes=der.encode(der.SET, attributes.content),
        certificate=certificate,
        signature=signature.as_octets(),
        signer=common_name(certificate),
        is_p256=der.parse_oid(algorithm.as_sequence()[0]) == p256.ECDSA_WITH_SHA256_OID,
    )


def _size_of(room: bytes) -> int:
    """Of the value that begins here: its head, and what the head says."""
    if not room[1] & _LONG:
        return 2 + room[1]
    head = 2 + (room[1] & ~_LONG)
    return head + int.from_bytes(room[2:head], "big")


def _attribute(attributes: der.Value, kind: str) -> der.Value:
    for attribute in attributes.children():
        named, values = attribute.as_sequence()
        if der.parse_oid(named) == kind:
            return values.children()[0]
    raise ValueError("an attribute is missing")
