"""``kaipiao verify`` on a QR code, or on a picture of one.

The code of an invoice holds its number, total and day: what a receipt proves it cannot, so the
answer is how to ask.  A code that holds a whole receipt is judged as one.
"""

import msgspec

from kaipiao.base.unreadable import Unreadable
from kaipiao.cli.found import Found, Why, found_of, not_genuine
from kaipiao.delivery.readers.picture import find_codes, is_picture, read_picture
from kaipiao.evidence.proof import MAGIC
from kaipiao.evidence.trust import Trust
from kaipiao.evidence.verdict import verify_receipt
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.qr import QrReading, read_qr

QR_BYTES_MAX = 800
_START = b"01,"
_KINDS = {"31": "special", "32": "ordinary"}


def is_code(content: bytes) -> bool:
    """A PNG or JPEG picture, or the text of an invoice's code."""
    text = content[:QR_BYTES_MAX].lstrip(b"\xef\xbb\xbf \r\n\t")
    return is_picture(content) or (text.startswith(_START) and len(content) <= QR_BYTES_MAX)


def judge_code(content: bytes, trust: Trust | str, *, draft_bytes: bytes | None) -> Found:
    """Judge what a code says, as far as it says enough."""
    try:
        if not is_picture(content):
            return _only_fields(content.decode("utf-8-sig", "replace"))
        receipts = [text for text in find_codes(content) if text.startswith(MAGIC)]
        if len(receipts) == 1:
            return found_of(verify_receipt(receipts[0], trust, draft_bytes=draft_bytes))
        return _only_fields(read_picture(content))
    except Unreadable as why:
        return _undecided(not_genuine(Why("code-unreadable", why.zh, why.en)))


def _only_fields(text: str) -> Found:
    try:
        reading = read_qr(text)
    except ValueError as error:
        why = Why("code-unreadable", "不是发票二维码的内容", f"no invoice's code: {error}")
        return _undecided(not_genuine(why))
    found = not_genuine(Why("only-fields", *_how_to_ask(reading)))
    gross_fen = reading.amount_fen if reading.amount_is == "gross" else None
    return _undecided(msgspec.structs.replace(found, number=reading.number, gross_fen=gross_fen))


def _how_to_ask(reading: QrReading) -> tuple[str, str]:
    ask = (
        f"kaipiao verify --number {reading.number} --date {reading.day} "
        f"--amount {format_yuan(reading.amount_fen)} --kind {_KINDS.get(reading.type, 'ordinary')}"
    )
    return (
        "二维码只有票面信息, 谁都能印, 不能离线证明真伪。请向销方索取 XML、OFD 或回执, "
        f"或联网查验: {ask}",
        "the code holds only what is printed, which anyone can print, and proves nothing offline. "
        f"Ask the seller for the XML, the OFD or the receipt, or ask the cell: {ask}",
    )


def _undecided(found: Found) -> Found:
    return msgspec.structs.replace(found, undecided=True)
