"""The evidence inside XML of this platform's kind: is the file what was issued and signed?

The visible part is made again from the draft that the file carries, and must be the same leaf
by leaf; the file's own signature must be over all the rest.  Both find changes.  Neither proves
that anything was issued: the receipt does, which ``kaipiao verify`` judges.
"""

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.verdict import Verdict, Verdicts, compose, reach
from kaipiao.fiscal.violation import Violation

if TYPE_CHECKING:
    from kaipiao.delivery.renditions.einvoice.carried import Carried

MAX_DRAFT_CHARS = 2 * 2**20
"""Of base64.  2,000 usual lines have 700,000; larger ones are for ``kaipiao verify``."""

_DO_ZH, _DO_EN = "请向开票方重新获取原始文件。", "Get the original file from the issuer again."


def judge_own(root: Element) -> Verdicts:
    """The verdict ``evidence``, and ``seal`` if the file is signed; none if it is not ours."""
    from kaipiao.delivery.renditions.einvoice.carried import read_carried
    from kaipiao.delivery.renditions.einvoice.check import is_signature_right
    from kaipiao.delivery.renditions.einvoice.evidence import NAME

    if len(root.findtext(f"{NAME}/Draft") or "") > MAX_DRAFT_CHARS:
        return {"evidence": compose("evidence", "unknown"), "seal": compose("seal", "unknown")}
    try:
        carried = read_carried(root)
    except Unreadable as why:
        return {"evidence": reach("evidence", 0, [_doubt(why)])}
    if carried is None:
        return {}
    verdicts: Verdicts = {"evidence": _shown(root, carried)}
    if carried.signature:
        found = [] if is_signature_right(root, carried) else [_unsigned()]
        verdicts["seal"] = reach("seal", 1, found)
    return verdicts


def _shown(root: Element, carried: "Carried") -> Verdict:
    from kaipiao.delivery.renditions.einvoice.check import due_leaves
    from kaipiao.delivery.renditions.einvoice.evidence import NAME
    from kaipiao.delivery.renditions.einvoice.leaves import leaves_of

    try:
        due = due_leaves(carried)
    except Unreadable:
        return compose("evidence", "wrong", 0, [_differs()])  # a draft that nobody issued
    right = leaves_of(root, without=NAME) == due
    return reach("evidence", len(due), [] if right else [_differs()])


def _doubt(why: Unreadable) -> Violation:
    return Violation(code="evidence-unreadable", path="", zh=why.zh, en=why.en, severity="warning")


def _differs() -> Violation:
    return Violation(
        code="shown-differs",
        path="",
        zh=f"文件显示的内容与其所附存证不符。逐项查看: kaipiao verify。{_DO_ZH}",
        en="What the file shows is not what its evidence says; kaipiao verify tells where. "
        f"{_DO_EN}",
    )


def _unsigned() -> Violation:
    return Violation(
        code="document-signature-wrong",
        path="",
        zh=f"文件自带的签名与内容不符。{_DO_ZH}",
        en=f"The file's own signature is not over this content. {_DO_EN}",
    )
