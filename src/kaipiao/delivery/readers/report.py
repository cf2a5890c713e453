"""A report on whatever was handed in: what it is, what it says, and a verdict for every rule.

The one entry for the command line and the API.  The order of the verdicts is that of a person
looking at an invoice: its number, its sums, its parties, the law, and then how it is kept.
"""

from collections.abc import Mapping
from typing import Literal
from xml.etree.ElementTree import Element

import msgspec

from kaipiao.base.archive import is_zip
from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.embedded import is_xml, read_embedded
from kaipiao.delivery.readers.judge import QR_FIELDS, count_compared, judge
from kaipiao.delivery.readers.ofd import Ofd
from kaipiao.delivery.readers.ofd_invoice import invoice_of
from kaipiao.delivery.readers.ofd_seal import seals_of
from kaipiao.delivery.readers.own_evidence import judge_own
from kaipiao.delivery.readers.pdf import is_pdf, read_attached
from kaipiao.delivery.readers.pdf_verdict import judge_signatures
from kaipiao.delivery.readers.picture import is_picture, read_picture
from kaipiao.delivery.readers.read import unknown_format
from kaipiao.delivery.readers.seal_check import SealReport
from kaipiao.delivery.readers.seal_verdict import judge_seals
from kaipiao.delivery.readers.verdict import (
    QR_ALONE,
    Outcome,
    Rule,
    Verdict,
    Verdicts,
    compose,
    reach,
    tell,
)
from kaipiao.fiscal.qr import TEXT_MAX, QrReading, read_qr
from kaipiao.fiscal.taxpayer import classify
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.rules import OUTSIDE_RULES

MAX_BYTES = 16 * 2**20
"""Of anything; what is larger is refused unread."""
QR_START = b"01,"

_RULE_OF: Mapping[str, Rule] = {
    "number-malformed": "number",
    "number-differs": "number",
    "total-differs": "arithmetic",
    "amounts-do-not-add-up": "arithmetic",
    "quantity-price-off": "arithmetic",
    "tax-off": "arithmetic",
    "tax-off-in-total": "arithmetic",
    "words-differ": "words",
    "seller-id-check-wrong": "ids",
    "seller-id-malformed": "ids",
    "buyer-id-doubtful": "ids",
    "qr-malformed": "qr",
    "qr-differs": "qr",
    "qr-checksum-unknown": "qr",
    "page-differs": "page",
}
"""Which verdict an objection belongs to; the rest is the law's."""


class DocumentReport(msgspec.Struct, frozen=True, kw_only=True):
    """A file with an invoice in it."""

    kind: Literal["xml", "ofd", "pdf", "xbrl"]
    fields: Document
    verdicts: Verdicts


class QrReport(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a QR code, or a picture of one."""

    kind: Literal["qr", "picture"]
    fields: QrReading
    verdicts: Verdicts


Report = DocumentReport | QrReport


def read_report(data: bytes) -> Report:
    """Read anything that this house reads, and judge it.

    Raises:
        Unreadable: none of the formats, damaged, or past a limit; it says where and what to do.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(
            "",
            zh=f"文件超出读取上限 ({MAX_BYTES // 2**20} MB)。",
            en=f"the file is larger than we read ({MAX_BYTES // 2**20} MB).",
        )
    if is_zip(data):
        return _report_ofd(Ofd(data))
    if is_picture(data):
        return _report_qr("picture", read_picture(data))
    if data[:TEXT_MAX].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(QR_START):
        return report_qr_text(data)
    if is_pdf(data):
        return _report_pdf(data)
    if not is_xml(data):
        raise unknown_format()
    return _report_xml(parse_xml(data))


def report_qr_text(data: bytes) -> QrReport:
    """The same for the text of a QR code alone.  Raises Unreadable."""
    text = data[: TEXT_MAX * 4 + 1].decode("utf-8-sig", "replace").strip()
    return _report_qr("qr", text)


def is_false(report: Report) -> bool:
    """Whether anything was found to be false."""
    return any(verdict.verdict == "wrong" for verdict in report.verdicts.values())


def _report_qr(kind: Literal["qr", "picture"], text: str) -> QrReport:
    try:
        reading = read_qr(text)
    except ValueError as error:
        raise Unreadable(
            "",
            zh="不是发票二维码的内容。发票二维码为: 01,类型,代码,号码,金额,日期,校验码,CRC。",
            en=str(error),
        ) from None
    known = reading.checksum != "unknown"
    return QrReport(
        kind=kind,
        fields=reading,
        verdicts={
            "number": reach("number", 1),
            "qr": tell(QR_ALONE, "right" if known else "unknown", int(known)),
            "issued": compose("issued", "unknown"),
        },
    )


def _report_xml(root: Element) -> DocumentReport:
    document = read_embedded(root)
    kind: Literal["xbrl", "xml"] = "xbrl" if document.form == "xbrl" else "xml"
    verdicts = _verdicts(document, kind, root=root)
    return DocumentReport(kind=kind, fields=document, verdicts=verdicts)


def _report_pdf(data: bytes) -> DocumentReport:
    """A signature over all of the file says more than the one of the XML inside, if both hold."""
    document, root = read_attached(data)
    verdicts, signed = _verdicts(document, "pdf", root=root), judge_signatures(data)
    if verdicts["seal"].verdict == "wrong":
        signed.pop("seal", None)
    return DocumentReport(kind="pdf", fields=document, verdicts=verdicts | signed)


def _report_ofd(ofd: Ofd) -> DocumentReport:
    document, seals = invoice_of(ofd), seals_of(ofd)
    (attached, *_) = set(document.read_from) & set(document.attachments) or {ofd.root}
    verdicts = _verdicts(document, "ofd", root=ofd.tree(attached), seals=seals)
    return DocumentReport(
        kind="ofd",
        fields=msgspec.structs.replace(document, seals=seals.seals),
        verdicts=verdicts,
    )


def _verdicts(
    document: Document, kind: str, *, root: Element, seals: SealReport | None = None
) -> Verdicts:
    found: dict[Rule, list[Violation]] = {}
    for violation in judge(document):
        found.setdefault(_RULE_OF.get(violation.code, "law"), []).append(violation)
    verdicts: Verdicts = {
        rule: reach(rule, checked, found.get(rule, ()))
        for rule, checked in _counts(document).items()
    }
    verdicts["ids"] = _ids(document, found.get("ids", []))
    if kind == "pdf":
        verdicts["page"] = compose("page", "unknown")
    outcome: Outcome = "unknown" if document.signature else "absent"
    verdicts |= {"digests": compose("digests", "absent"), "seal": compose("seal", outcome)}
    verdicts["evidence"] = compose("evidence", "absent")
    own = judge_own(root)
    if seals is not None and seals.seals:
        verdicts |= judge_seals(seals, document)
        if "seal" in own and own["seal"].verdict != "wrong":
            del own["seal"]  # the package's seals are over it, and say more
    verdicts |= own
    return verdicts | {"issued": compose("issued", "unknown")}


def _counts(document: Document) -> dict[Rule, int]:
    """How many things each rule looked at."""
    return {
        "number": 2 if document.header_number else 1,
        "arithmetic": 3 + len(document.lines),
        "words": int(bool(document.words)),
        "ids": 0,
        "law": len(OUTSIDE_RULES),
        "qr": QR_FIELDS if document.qr else 0,
        "page": count_compared(document),
    }


def _ids(document: Document, found: list[Violation]) -> Verdict:
    """Only ids with a check character can be right."""
    ids = [party.taxpayer_id for party in (document.seller, document.buyer) if party.taxpayer_id]
    checked = sum(classify(text) in ("uscc", "resident", "individual") for text in ids)
    if ids and not checked and not found:
        return compose("ids", "unknown")
    return reach("ids", checked, found)
