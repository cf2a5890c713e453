"""XMLDSig (W3C, 2008) in our XML: for programs that know neither SM2 nor our leaves.

Enveloped, exclusive canonical form, SHA-256, ECDSA on P-256, the certificate inside.  It stands as
the last child of ``PlatformEvidence/Signature``, behind the SM2 signature, which it covers: where
genuine files have something, nothing of ours is added, and readers of ours that are older pass
over it as a part of the signature.  It is over the characters of the file, white space included;
the SM2 signature is over what the file says.

signxml is imported when the first one is signed: 0.1 s.  It gets no key, but something that signs.
"""

from base64 import b64encode
from functools import cache
from typing import Any

from kaipiao.delivery.renditions.make import PlainSigner

NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
_HERE = f'<ds:Signature xmlns:ds="{NAMESPACE}" Id="placeholder"></ds:Signature>'.encode()
_END = b"    </Signature>\n"
_INDENT = b"      "


class _Hand:
    """What signxml takes for a key: it signs, and that is all it can do."""

    key_size = 256

    def __init__(self, signer: PlainSigner) -> None:
        self._signer = signer

    def sign(self, data: bytes, signature_algorithm: object) -> bytes:
        """DER, r and s; deterministic, whatever is asked for."""
        return self._signer.sign(data)


def add_xmldsig(xml: bytes, signer: PlainSigner) -> bytes:
    """``xml``, which has our SM2 signature, with one for everybody behind it."""
    from lxml import etree

    before, end, after = xml.rpartition(_END)
    assert end, "the file has no signature to stand behind"
    frame = (before + _INDENT, b"\n" + end + after)
    tree = etree.fromstring(_HERE.join(frame), _parser())
    signed = _signer().sign(tree, key=_Hand(signer), cert=[_pem(signer.certificate)])
    (signature,) = signed.iter(f"{{{NAMESPACE}}}Signature")
    written: bytes = etree.tostring(signature, with_tail=False)
    return written.join(frame)


@cache
def _signer() -> Any:
    from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
    from signxml.signer import XMLSigner

    return XMLSigner(
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )


@cache
def _parser() -> Any:
    """For what we have just written: a text of any length."""
    from lxml import etree

    return etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)


@cache
def _pem(certificate: bytes) -> str:
    text = b64encode(certificate).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"
