"""``kaipiao verify`` on a document of ours: its receipt, and what it shows, judged together.

A document is genuine if its receipt is, if the draft it carries is the one the receipt is about,
and if it shows nothing else than that draft.  Its own signature finds changes, too, but proves
nothing alone: whose key it is, it says itself.
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.found import Found, Why, found_of, not_genuine, unreadable
from kaipiao.delivery.renditions.einvoice.carried import Carried, read_carried
from kaipiao.delivery.renditions.einvoice.check import (
    DocumentFault,
    check_document,
    check_logged,
)
from kaipiao.evidence.proof import Opening
from kaipiao.evidence.trust import Trust
from kaipiao.evidence.verdict import FaultCode, verify_receipt
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.money import Fen

_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")
NO_EVIDENCE = Why(
    "evidence-missing",
    "文件不含本平台的存证, 不能离线查验。请在开具该票的平台查验",
    "the file carries no evidence of ours and cannot be verified offline; ask where it was issued",
)
_NO_RECEIPT = Why(
    "receipt-missing",
    "文件不含回执 (当时尚未入链), 不能离线查验。请重新取得: kaipiao show 号码 --as xml",
    "the file carries no receipt (there was none yet) and cannot be verified offline; fetch it "
    "again: kaipiao show NUMBER --as xml",
)
_OTHER_INVOICE = Why(
    FaultCode.OTHER_INVOICE,
    "文件与给出的发票内容不同",
    "the file is about another invoice than the one given",
)


def is_document(content: bytes) -> bool:
    """XML; a receipt is plain text that begins otherwise."""
    return content.lstrip(b" \r\n\t").startswith(_XML_STARTS)


def judge_document(content: bytes, trust: Trust | str, *, draft_bytes: bytes | None) -> Found:
    """Judge one of our XML files; ``draft_bytes``, if given, is what it should be about."""
    try:
        root = parse_xml(content)
    except Unreadable as why:
        return unreadable(why)
    return judge_tree(root, trust, draft_bytes=draft_bytes)


def judge_tree(root: Element, trust: Trust | str, *, draft_bytes: bytes | None) -> Found:
    """The same, of one that has been parsed."""
    try:
        carried = read_carried(root)
        faults = _whys(check_document(root, carried)) if carried else []
    except Unreadable as why:
        return unreadable(why)
    if carried is None:
        return not_genuine(NO_EVIDENCE)
    if not carried.receipt:
        return not_genuine(*faults, _NO_RECEIPT)
    verdict = verify_receipt(carried.receipt, trust, draft_bytes=carried.draft_bytes)
    if draft_bytes is not None and draft_bytes != carried.draft_bytes:
        faults.append(_OTHER_INVOICE)
    if verdict.opening is not None:
        faults += _whys(_check_opening(carried, verdict.opening))
    return found_of(verdict, faults)


def _check_opening(carried: Carried, opening: Opening) -> list[DocumentFault]:
    totals = Amounts(Fen(opening.net_fen), Fen(opening.tax_fen))
    return check_logged(carried, number=opening.number, issued_at=opening.issued_at, totals=totals)


def _whys(faults: Iterable[DocumentFault]) -> list[Why]:
    return [Why(*fault) for fault in faults]
