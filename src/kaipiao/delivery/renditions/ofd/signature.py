"""The signature part (GB/T 33190, chapter 18): which parts there are, and who says so.

    SignedValue.dat ──signs──► Signature.xml ──SM3──► every part of the document

It is a digital signature (Type ``Sign``), not an electronic seal: it has no picture, and no
place on a page.  It states no time, because ours would prove nothing: the receipt from the
evidence log, inside the attached XML, says when the invoice was there.
"""

import base64
from collections.abc import Callable, Mapping

from kaipiao.base.sm import SM2_WITH_SM3_OID, SM3_OID, sm3
from kaipiao.delivery.renditions.ofd.document import ENTRY, with_signatures
from kaipiao.delivery.renditions.ofd.markup import MAKER, MAKER_VERSION, element, leaf, part
from kaipiao.delivery.renditions.ofd.signed_data import compose_signed_data
from kaipiao.ports import Mark

LISTING = "Doc_0/Signs/Signatures.xml"
SIGNATURE = "Doc_0/Signs/Sign_0/Signature.xml"
VALUE = "Doc_0/Signs/Sign_0/SignedValue.dat"
_ID = "s001"  # as the standard recommends: s and three digits


def compose_signature(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Signatures.xml and Signature.xml over these parts; what is still to be signed."""
    listed = element("Signature", ID=_ID, Type="Sign", BaseLoc=f"/{SIGNATURE}")
    provider = element("Provider", ProviderName=MAKER, Version=MAKER_VERSION, Company=MAKER)
    digests = "".join(
        element(
            "Reference",
            leaf("CheckValue", base64.b64encode(sm3(content)).decode()),
            FileRef=f"/{name}",
        )
        for name, content in parts.items()
    )
    references = element("References", digests, CheckMethod=SM3_OID)
    method = leaf("SignatureMethod", SM2_WITH_SM3_OID)
    info = element("SignedInfo", provider + method + references)
    return {
        LISTING: part("Signatures", listed),
        SIGNATURE: part("Signature", info + leaf("SignedValue", f"/{VALUE}")),
    }


def sign_parts(
    parts: Mapping[str, bytes], sign: Callable[[bytes], Mark | None]
) -> dict[str, bytes] | None:
    """The parts, and the three of their signature; None if there is no signature to be had."""
    listed = {**parts, ENTRY: with_signatures(parts[ENTRY], LISTING)}
    signature = compose_signature(listed)
    digest = sm3(signature[SIGNATURE])
    mark = sign(digest)
    if mark is None:
        return None
    return {**listed, **signature, VALUE: compose_signed_data(digest, mark)}
