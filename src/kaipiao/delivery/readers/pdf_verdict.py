"""What the signatures of a PDF are found to be, as verdicts: its digests, and the signatures."""

from kaipiao.delivery.readers.pdf_signature import PdfSignature, signatures_of
from kaipiao.delivery.readers.verdict import Outcome, Verdict, Verdicts, Words, compose, reach, tell
from kaipiao.fiscal.violation import Violation

_ZH, _EN = "请向开票方重新获取原始文件。", "Get the original file from the issuer again."

DIGESTS: Words = {
    "right": (
        "PDF 的 {checked} 个签名摘要相符: 文件自签名以来一个字节未改",
        "{checked} digests of the PDF right: not a byte was changed since it was signed",
    ),
    "wrong": ("PDF 在签名后被改动", "the PDF was changed after it was signed"),
    "unknown": ("PDF 的签名方式未知, 未核对", "signed in a way we do not know: not compared"),
}
SELF_MADE: Words = {
    "right": (
        "{checked} 个 PDF 签名正确; 证书由平台自制, 不能证明是哪个平台, 回执才能: kaipiao verify",
        "{checked} PDF signatures right; the certificate is the platform's own making and does not "
        "prove whose; the receipt does: kaipiao verify",
    ),
}


def judge_signatures(data: bytes) -> Verdicts:
    """The verdicts ``digests`` and ``seal`` of a PDF; none if it is not signed.

    Raises:
        Unreadable: it has more signatures than we read.
    """
    found = signatures_of(data)
    if not found:
        return {}
    return {"digests": _digests(found, len(data)), "seal": _seal(found)}


def _digests(found: list[PdfSignature], size: int) -> Verdict:
    """Right only if one of them covers the file to its end."""
    faults = [_CHANGED for one in found if one.state == "changed"]
    whole = any(one.ends_at == size for one in found)
    if not faults and not whole and "damaged" not in {one.state for one in found}:
        faults.append(_APPENDED)
    known = sum(one.state not in ("damaged", "unread") for one in found)
    outcome: Outcome = "wrong" if faults else "right" if known == len(found) else "unknown"
    return tell(DIGESTS, outcome, known, faults)


def _seal(found: list[PdfSignature]) -> Verdict:
    faults = [_FAULTS[one.state] for one in found if one.state in _FAULTS]
    right = sum(one.state == "right" for one in found)
    if faults or right < len(found):
        return compose("seal", "wrong" if faults else "unknown", right, faults)
    if all(one.self_made for one in found):
        return tell(SELF_MADE, "right", right)
    return reach("seal", right)


def _fault(code: str, zh: str, en: str) -> Violation:
    return Violation(code=code, path="", zh=f"{zh}。{_ZH}", en=f"{en}. {_EN}")


_CHANGED = _fault(
    "pdf-changed", "PDF 在签名后被改动", "The PDF is not the one that its signature is over"
)
_APPENDED = _fault(
    "pdf-appended",
    "PDF 在签名后追加了内容, 没有签名覆盖",
    "Something was appended to the PDF after it was signed, and no signature covers it",
)
_FAULTS = {
    "wrong": _fault(
        "pdf-signature-wrong",
        "PDF 的签名与其证书不符",
        "The PDF's signature is not by the key of its certificate",
    ),
    "damaged": _fault(
        "pdf-signature-damaged", "PDF 的签名已损坏", "The PDF's signature is damaged"
    ),
}
