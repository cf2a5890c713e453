"""The mail that brings an invoice: a few lines in Chinese or English, and its renditions.

The ``Message-ID`` is made from the delivery, so a mail that is sent twice, because nobody knew
whether the first one had left, is one mail to every server that looks.  When a person asks for
it again it is a new one.
"""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from kaipiao.delivery.renditions.make import Rendition
from kaipiao.fiscal.delivery import Letter, Parcel
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import beijing_day

MAX_ENCLOSED_BYTES = 20 << 20
"""All renditions of one mail; many servers take no more than 25 MiB, coded by base64."""

_KINDS = {"special": ("增值税专用发票", "VAT special"), "ordinary": ("普通发票", "ordinary")}


def compose_mail(
    parcel: Parcel,
    letter: Letter,
    invoice: Invoice,
    enclosures: Sequence[Rendition],
    *,
    sender: str,
    at: datetime,
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = Address(addr_spec=letter.send_to[0])
    mail["Subject"] = _subject(invoice, letter.language)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = message_id(parcel, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail["Content-Language"] = letter.language
    mail.set_content(_text(invoice, letter.language, enclosures))
    for one in enclosures:
        maintype, _, subtype = one.media_type.partition("/")
        mail.add_attachment(one.content, maintype=maintype, subtype=subtype, filename=one.file_name)
    return mail


def message_id(parcel: Parcel, sender: str) -> str:
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    return f"<{parcel.delivery_id}.{parcel.round}@{domain}>"


def _subject(invoice: Invoice, language: str) -> str:
    seller = _one_line(invoice.draft.seller.name)
    is_red = invoice.draft.reversal is not None
    if language == "zh":
        return f"{'红字' if is_red else ''}电子发票 {invoice.number} 来自 {seller}"
    return f"{'Red-letter invoice' if is_red else 'Invoice'} {invoice.number} from {seller}"


def _text(invoice: Invoice, language: str, enclosures: Sequence[Rendition]) -> str:
    draft = invoice.draft
    names = "、".join(one.file_name for one in enclosures)
    kind_zh, kind_en = _KINDS[draft.kind]
    day, gross = beijing_day(invoice.issued_at), format_yuan(invoice.totals.gross_fen)
    if language == "zh":
        lines = [
            f"{draft.buyer.name or '您'}, 您好:",
            "",
            f"{draft.seller.name} 为您开具了电子发票 ({kind_zh}), 信息如下:",
            "",
            f"  发票号码: {invoice.number}",
            f"  开票日期: {day:%Y年%m月%d日}",
            f"  价税合计: {gross} 元",
            f"  附件: {names or '无'}",
        ]
        if draft.reversal is not None:
            lines.insert(6, f"  冲红的原发票: {draft.reversal.original}")
        lines += ["", "本邮件由开票平台自动发送, 请勿直接回复; 如有疑问, 请联系销方。"]
    else:
        lines = [
            f"Dear {draft.buyer.name or 'customer'},",
            "",
            f"{draft.seller.name} has issued an electronic invoice ({kind_en}) to you:",
            "",
            f"  Number: {invoice.number}",
            f"  Issued on: {day}",
            f"  Total with tax: {gross} yuan",
            f"  Attached: {names.replace('、', ', ') or 'nothing'}",
        ]
        if draft.reversal is not None:
            lines.insert(6, f"  Takes back invoice: {draft.reversal.original}")
        lines += ["", "Sent automatically; for questions please write to the seller."]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
