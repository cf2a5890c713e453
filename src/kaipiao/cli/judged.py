"""What ``kaipiao verify`` finds: a receipt judged, or a document that carries one.

A document is genuine if its receipt is, if the draft it carries is the one the receipt is about,
and if it shows nothing else than that draft.  Its own signature finds changes, too, but proves
nothing alone: whose key it is, it says itself.
"""

from collections.abc import Sequence
from datetime import datetime
from xml.etree.ElementTree import Element

import msgspec

from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.language import t
from kaipiao.delivery.renditions.einvoice.carried import read_carried
from kaipiao.delivery.renditions.einvoice.check import (
    DocumentFault,
    check_document,
    check_logged,
)
from kaipiao.evidence.verdict import FaultCode, Verdict, verify_receipt
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.money import Fen

_FAULTS_ZH = {
    FaultCode.UNREADABLE: "不是回执, 或已损坏到无法读取",
    FaultCode.NO_OPENING: "回执中的票面字段缺失或损坏",
    FaultCode.OTHER_LOG: "回执来自另一个日志, 与给出的公钥不符",
    FaultCode.UNSIGNED: "没有该公钥的签名",
    FaultCode.FORGED: "签名是伪造的: 检查点被改动过",
    FaultCode.IMPOSSIBLE_PATH: "证明路径不可能属于这样大小的日志",
    FaultCode.NOT_IN_LOG: "号码、时间、金额、摘要或路径与入链时不一致",
    FaultCode.OTHER_INVOICE: "回执对应的是另一张内容不同的发票",
}
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer for scripts."""

    genuine: bool
    number: str = ""
    issued_at: datetime | None = None
    gross_fen: int | None = None
    log: str = ""
    log_index: int | None = None
    log_size: int | None = None
    faults: list[str] = []
    page: str = ""  # of an OFD or a PDF: what of its page was compared


def found_of(verdict: Verdict, *more: str) -> Found:
    """``more``: faults beyond those of the receipt."""
    opening, checkpoint = verdict.opening, verdict.checkpoint
    faults = [t(f"{_FAULTS_ZH[f.code]} ({f.code})", f"{f.why} ({f.code})") for f in verdict.faults]
    return Found(
        genuine=verdict.is_genuine and not more,
        number=opening.number if opening else "",
        issued_at=opening.issued_at if opening else None,
        gross_fen=opening.net_fen + opening.tax_fen if opening else None,
        log=checkpoint.origin if checkpoint else "",
        log_index=verdict.index,
        log_size=checkpoint.size if checkpoint else None,
        faults=[*faults, *more],
    )


def is_document(content: bytes) -> bool:
    """XML; a receipt is plain text that begins otherwise."""
    return content.lstrip(b" \r\n\t").startswith(_XML_STARTS)


def judge_document(content: bytes, vkey: str, *, draft_bytes: bytes | None) -> Found:
    """Judge one of our XML files; ``draft_bytes``, if given, is what it should be about."""
    try:
        root = parse_xml(content)
    except Unreadable as why:
        return not_genuine("document-unreadable", why.zh, why.en)
    return judge_tree(root, vkey, draft_bytes=draft_bytes)


def judge_tree(root: Element, vkey: str, *, draft_bytes: bytes | None) -> Found:
    """The same, of one that has been parsed."""
    try:
        carried = read_carried(root)
        faults = check_document(root, carried) if carried else []
    except Unreadable as why:
        return not_genuine("document-unreadable", why.zh, why.en)
    if carried is None:
        return not_genuine("evidence-missing", *NO_EVIDENCE)
    if not carried.receipt:
        return not_genuine("receipt-missing", *_NO_RECEIPT, faults=faults)
    verdict = verify_receipt(carried.receipt, vkey, draft_bytes=carried.draft_bytes)
    if draft_bytes is not None and draft_bytes != carried.draft_bytes:
        faults.append(DocumentFault(FaultCode.OTHER_INVOICE, *_OTHER_INVOICE))
    if (opening := verdict.opening) is not None:
        totals = Amounts(Fen(opening.net_fen), Fen(opening.tax_fen))
        faults += check_logged(
            carried, number=opening.number, issued_at=opening.issued_at, totals=totals
        )
    return found_of(verdict, *map(_say, faults))


def not_genuine(code: str, zh: str, en: str, *, faults: Sequence[DocumentFault] = ()) -> Found:
    return Found(genuine=False, faults=[*map(_say, faults), _say(DocumentFault(code, zh, en))])


def _say(fault: DocumentFault) -> str:
    return f"{t(fault.zh, fault.en)} ({fault.code})"


NO_EVIDENCE = (
    "文件不含本平台的存证, 不能离线查验。请在开具该票的平台查验",
    "the file carries no evidence of ours and cannot be verified offline; ask where it was issued",
)
_NO_RECEIPT = (
    "文件不含回执 (当时尚未入链), 不能离线查验。请重新取得: kaipiao show 号码 --as xml",
    "the file carries no receipt (there was none yet) and cannot be verified offline; fetch it "
    "again: kaipiao show NUMBER --as xml",
)
_OTHER_INVOICE = (
    "文件与给出的发票内容不同",
    "the file is about another invoice than the one given",
)
