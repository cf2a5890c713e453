"""The kinds ``pdf``, ``pdf-xbrl`` and ``png``."""

from kaipiao.delivery.renditions.face.compose import compose_face
from kaipiao.delivery.renditions.make import CannotRender, Press, as_rendition
from kaipiao.delivery.renditions.pdf.drawing import Attachment
from kaipiao.delivery.renditions.pdf.sign import sign_pdf
from kaipiao.delivery.renditions.pdf.typeset import set_pdf, set_png
from kaipiao.delivery.renditions.source import Source

PICTURE_PAGES_MAX = 12
"""A picture of more pages, one below the other, is too tall for what shows pictures."""

PICTURE_PPI = 192.0
"""1,588 pixels across: sharp on a screen, readable when printed."""


def render_pdf(source: Source, press: Press) -> bytes:
    """PDF/A-3b with the XML rendition inside."""
    return _render(source, press, (_attach(source, press, "xml", "发票数据 / the invoice"),))


def render_pdf_with_xbrl(source: Source, press: Press) -> bytes:
    """The same with the XBRL instance beside the XML."""
    files = (
        _attach(source, press, "xml", "发票数据 / the invoice"),
        _attach(source, press, "xbrl", "会计数据 / accounting data"),
    )
    return _render(source, press, files)


def render_png(source: Source, press: Press) -> bytes:
    """A picture of all its pages, one below the other.

    Raises:
        CannotRender: it has more than ``PICTURE_PAGES_MAX`` pages.
    """
    face = compose_face(source)
    if len(face.pages) > PICTURE_PAGES_MAX:
        raise CannotRender(
            zh=f"这张发票有 {len(face.pages)} 页, 图片最多 {PICTURE_PAGES_MAX} 页。"
            "请改取 PDF 或 OFD。",
            en=f"This invoice has {len(face.pages)} pages, and a picture shows at most "
            f"{PICTURE_PAGES_MAX}. Ask for PDF or OFD instead.",
        )
    return set_png(face, source.imprint.platform, PICTURE_PPI)


def _render(source: Source, press: Press, files: tuple[Attachment, ...]) -> bytes:
    """Signed, if there is a key for it."""
    pdf = set_pdf(compose_face(source), source.imprint.platform, files)
    return sign_pdf(pdf, press.plain, source.invoice.issued_at) if press.plain else pdf


def _attach(source: Source, press: Press, kind: str, what: str) -> Attachment:
    """Another rendition as a file, under the name that it has by itself."""
    content = press.render(source, kind).decode()
    name = as_rendition(source.invoice.number, kind, b"").file_name
    return Attachment(name, content, "application/xml", what)
