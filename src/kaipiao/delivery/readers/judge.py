"""What is wrong with a document: its own sums first, then the law of the day it was issued.

``check_document`` asks what only a whole document can answer: whether its totals are the sums
of its lines, its words its total, its QR text and its visible page itself.  The law is asked
with ``source="outside"``: within tolerances, never for equality to the fen of a line's tax.

Paths are JSON pointers into the ``Document``.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain

from kaipiao.delivery.readers.document import Document, to_draft
from kaipiao.delivery.readers.figures import parse_amount, parse_day
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.qr import QrReading, read_qr
from kaipiao.fiscal.violation import Violation
from kaipiao.fiscal.words import read_words
from kaipiao.regimes.cn.rules import check

_ZH = "请向开票方索取原始文件, 并通过查验平台核对。"
_EN = "Ask the issuer for the original file and verify the invoice."

QR_FIELDS = 5
"""Fields of a QR text that are compared with the document."""
_DIGITAL = re.compile(r"[0-9]{20}")
_CODE, _OLD = re.compile(r"[0-9]{10}|[0-9]{12}"), re.compile(r"[0-9]{8}")


def judge(document: Document) -> list[Violation]:
    """Everything that is wrong with a document; none means that it agrees with itself and the law.

    Whether it was really issued only a verification (查验) can tell.
    """
    return [*check_document(document), *_lawful(document)]


def check_document(document: Document) -> list[Violation]:
    """What is wrong with the document by itself, without any law."""
    return list(chain.from_iterable(rule(document) for rule in RULES))


def _check_number(document: Document) -> Iterator[Violation]:
    """Twenty digits; or, in the device era, a code of ten or twelve and eight digits."""
    old = _CODE.fullmatch(document.code) and _OLD.fullmatch(document.number)
    if not old and (document.code or not _DIGITAL.fullmatch(document.number)):
        yield _wrong("number-malformed", "/number", "发票号码格式不符", "the number is malformed")
    if document.header_number and document.header_number != document.number:
        yield _wrong(
            "number-differs", "/header_number", "两处发票号码不一致", "its two numbers differ"
        )


def _check_totals(document: Document) -> Iterator[Violation]:
    """Totals are exact sums, always: measured on every genuine document met so far."""
    for field, said_fen, sum_fen, zh, en in (
        ("net_fen", document.net_fen, sum(ln.net_fen for ln in document.lines), "合计金额", "net"),
        ("tax_fen", document.tax_fen, sum(ln.tax_fen for ln in document.lines), "合计税额", "tax"),
        ("gross_fen", document.gross_fen, document.net_fen + document.tax_fen, "价税合计", "gross"),
    ):
        if said_fen != sum_fen:
            said, due = format_yuan(said_fen), format_yuan(sum_fen)
            yield _wrong(
                "total-differs",
                f"/{field}",
                f"{zh} {said} 与各项之和 {due} 不一致",
                f"the {en} total is {said}, but its parts add up to {due}",
            )


def _check_words(document: Document) -> Iterator[Violation]:
    """Spellings differ lawfully, so values are compared."""
    if not document.words:
        return
    try:
        words_fen: int | None = read_words(document.words)
    except ValueError:
        words_fen = None
    if words_fen != document.gross_fen:
        yield _wrong(
            "words-differ",
            "/words",
            f"大写 {document.words[:80]} 与价税合计 {format_yuan(document.gross_fen)} 不一致",
            f"the words {document.words[:80]} are not {format_yuan(document.gross_fen)}",
        )


def _check_qr(document: Document) -> Iterator[Violation]:
    if not document.qr:
        return
    try:
        reading = read_qr(document.qr)
    except ValueError:
        yield _wrong("qr-malformed", "/qr", "二维码内容格式不符", "the QR text is malformed")
        return
    if differing := _differing(reading, document):
        yield _wrong(
            "qr-differs",
            "/qr",
            f"二维码与票面不一致: {', '.join(differing)}",
            f"the QR text differs from the document: {', '.join(differing)}",
        )
    if reading.checksum == "unknown":
        yield Violation(
            code="qr-checksum-unknown",
            path="/qr",
            zh="二维码校验码与已知算法不符; 这不代表伪造。请通过查验平台核对。",
            en="The QR checksum is of no kind we know, which does not mean forged. Verify the "
            "invoice.",
            severity="warning",
        )


def _differing(reading: QrReading, document: Document) -> list[str]:
    amount_fen = document.net_fen if reading.amount_is == "net" else document.gross_fen
    pairs = {
        "code": (reading.code, document.code),
        "number": (reading.number, document.number),
        "amount": (reading.amount_fen, amount_fen),
        "day": (reading.day, document.issued_on),
        "check": (reading.check, document.check_code or reading.check),
    }
    return [name for name, (said, is_) in pairs.items() if said != is_]


def _check_page(document: Document) -> Iterator[Violation]:
    """The visible page says what the embedded data says, where tags tell which text is which."""
    data = _page_data(document)
    for field, text in document.shown:
        if field in data and not _reads_as(text, *data[field]):
            yield _wrong(
                "page-differs",
                "/shown",
                f"版面所示 {field} ({text[:40]}) 与内嵌数据不一致",
                f"the page shows {text[:40]} as {field}, the embedded data says otherwise",
            )


def count_compared(document: Document) -> int:
    """How many tagged texts of the page are compared with the data."""
    data = _page_data(document)
    return sum(field in data for field, _ in document.shown)


def _page_data(document: Document) -> dict[str, tuple[Callable[[str], object], object]]:
    """By tag: how its text is read, and what it must then be."""
    return {
        "InvoiceCode": (str, document.code),
        "InvoiceNo": (str, document.number),
        "IssueDate": (parse_day, document.issued_on),
        "Seller/SellerTaxID": (str, document.seller.taxpayer_id),
        "Buyer/BuyerTaxID": (str, document.buyer.taxpayer_id),
        "TaxInclusiveTotalAmount": (parse_amount, document.gross_fen),
        "TaxExclusiveTotalAmount": (parse_amount, document.net_fen),
        "TaxTotalAmount": (parse_amount, document.tax_fen),
    }


def _reads_as(text: str, parse: Callable[[str], object], expected: object) -> bool:
    try:
        return parse(text) == expected
    except ValueError:
        return False


RULES: tuple[Callable[[Document], Iterator[Violation]], ...] = (
    _check_number,
    _check_totals,
    _check_words,
    _check_qr,
    _check_page,
)


def _lawful(document: Document) -> list[Violation]:
    """The law's objections, but for those about a rate that the document does not print (***)."""
    unprinted = {
        f"/lines/{n}/{field}"
        for n, line in enumerate(document.lines)
        if line.rate_bp is None
        for field in ("rate_bp", "tax_fen")
    }
    found = check(to_draft(document), on=document.issued_on, source="outside")
    return [
        violation
        for violation in found
        if violation.path not in unprinted
        and not (unprinted and violation.code == "tax-off-in-total")
    ]


def _wrong(code: str, path: str, zh: str, en: str) -> Violation:
    return Violation(code=code, path=path, zh=f"{zh}。{_ZH}", en=f"{en[:1].upper()}{en[1:]}. {_EN}")
