"""From an issued invoice to an OFD."""

from collections.abc import Callable, Sequence

from kaipiao.delivery.renditions.face.compose import ID_PREFIX, compose_face
from kaipiao.delivery.renditions.face.layout import lay_out
from kaipiao.delivery.renditions.face.marks import Sheet
from kaipiao.delivery.renditions.face.parts import Face
from kaipiao.delivery.renditions.ofd.document import (
    ENTRY,
    ROOT,
    Attachment,
    attachment_parts,
    document_part,
    entry_part,
    resource_parts,
)
from kaipiao.delivery.renditions.ofd.package import pack
from kaipiao.delivery.renditions.ofd.pages import Drawn
from kaipiao.delivery.renditions.ofd.signature import sign_parts
from kaipiao.delivery.renditions.ofd.typeface import cut_font
from kaipiao.delivery.renditions.source import Source
from kaipiao.fiscal.money import format_yuan
from kaipiao.ports import Mark

Signing = Callable[[bytes], Mark | None]
"""Signs, or says None: then the document is made without a signature."""


def render_ofd(
    source: Source, *, attachments: Sequence[Attachment] = (), sign: Signing | None = None
) -> bytes:
    """One package; without ``sign``, unsigned.  The first attachment should be the invoice."""
    parts = compose_parts(source, attachments)
    if sign is not None:
        parts = sign_parts(parts, sign) or parts
    return pack(parts, at=source.invoice.issued_at)


def compose_parts(source: Source, attachments: Sequence[Attachment]) -> dict[str, bytes]:
    """Every part but those of a signature, by path, in the order of the package."""
    face = compose_face(source)
    sheets = lay_out(face)
    drawn = Drawn(face, sheets)
    entry = entry_part(
        doc_id=source.invoice.digest[:16].hex(),
        title=f"{face.title} {face.number}",
        at=face.issued_at,
        custom=_custom(source, face),
    )
    document = document_part(
        templates=[drawn.template],
        pages=drawn.pages,
        last_id=drawn.last_id,
        has_attachments=bool(attachments),
    )
    return {
        ENTRY: entry,
        ROOT: document,
        **resource_parts(cut_font(_texts(sheets))),
        **drawn.parts,
        **drawn.tags.parts(),
        **attachment_parts(attachments, at=face.issued_at),
    }


def _texts(sheets: Sequence[Sheet]) -> set[str]:
    return {text.text for sheet in sheets for text in sheet.texts}


def _custom(source: Source, face: Face) -> dict[str, str]:
    """The key fields, by the names under which issuers put them."""
    totals = source.invoice.totals
    fields = {
        "发票号码": face.number,
        "开票日期": face.issued_on,
        "合计金额": format_yuan(totals.net_fen),
        "合计税额": format_yuan(totals.tax_fen),
        "价税合计": format_yuan(totals.gross_fen),
        "购买方纳税人识别号": face.buyer.taxpayer_id.removeprefix(ID_PREFIX),
        "销售方纳税人识别号": face.seller.taxpayer_id.removeprefix(ID_PREFIX),
        "制作平台": source.imprint.platform,
    }
    return {name: text for name, text in fields.items() if text}
