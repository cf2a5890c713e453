"""PlatformEvidence: the part of the XML that is ours, and says so.

    Notice       whose this is
    Form         which writer made the visible part: ``kaipiao-einvoice-1``
    Draft        the canonical draft, base64; its SHA-256 is the digest that the log knows
    IssuedAt     the instant, to the microsecond; the visible part has whole seconds
    LeafSalt     opens the leaf of the log, hex
    Receipt      the receipt (C2SP tlog-proof), base64; absent while no checkpoint covers it
    Signature    SM2 with SM3 over the canonical bytes of all the rest (``leaves.py``); inside it
                 an XMLDSig of the file as it is, for programs elsewhere (``xmldsig.py``)

Base64, because whatever an editor, a mailer or a re-encoding does to white space and
characters, the bytes come back.
"""

from base64 import b64encode
from datetime import UTC

from kaipiao.base.canonical import canonical, digest
from kaipiao.delivery.renditions.einvoice.markup import escape
from kaipiao.delivery.renditions.source import Source
from kaipiao.ports import Mark

NAME = "PlatformEvidence"
FORM = "kaipiao-einvoice-1"
COVERS = "every other leaf element in document order, as a UTF-8 JSON array of [path, text]"


def compose_evidence(source: Source) -> str:
    """Everything but the signature and the closing tag."""
    invoice = source.invoice
    draft = canonical(invoice.draft)
    assert digest(draft) == invoice.digest, f"{invoice.number} is not the draft that was issued"
    at = invoice.issued_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    receipt = f"    <Receipt>{_base64(source.receipt)}</Receipt>\n" if source.receipt else ""
    salt = f"    <LeafSalt>{invoice.salt.hex()}</LeafSalt>\n" if invoice.salt else ""
    return (
        f"  <{NAME}>\n    <Notice>{escape(_notice(source))}</Notice>\n"
        f"    <Form>{FORM}</Form>\n    <Draft>{_base64(draft)}</Draft>\n"
        f"    <IssuedAt>{at}Z</IssuedAt>\n{salt}{receipt}"
    )


def compose_signature(mark: Mark) -> str:
    return (
        f"    <Signature>\n      <Algorithm>{mark.algorithm}</Algorithm>\n"
        f"      <SignedBy>{escape(mark.who)}</SignedBy>\n      <Covers>{COVERS}</Covers>\n"
        f"      <Value>{_base64(mark.signature)}</Value>\n"
        f"      <Certificate>{_base64(mark.certificate)}</Certificate>\n    </Signature>\n"
    )


def _notice(source: Source) -> str:
    return (
        f"以下为“{source.imprint.platform}”自有的存证与签名, 不是国家机关的签名或印章。"
        "What follows is this platform's own evidence, not a state body's signature or seal."
    )


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
