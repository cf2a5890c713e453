"""The OFD as the registry asks for it (``renditions.make``)."""

from kaipiao.delivery.renditions.make import Press, as_rendition
from kaipiao.delivery.renditions.ofd.document import Attachment
from kaipiao.delivery.renditions.ofd.render import render_ofd
from kaipiao.delivery.renditions.source import Source


def render(source: Source, press: Press) -> bytes:
    """With the 数电票 XML attached; signed, if the press can sign."""
    return render_ofd(source, attachments=(_attach(source, press, "xml"),), sign=press.mark)


def render_with_xbrl(source: Source, press: Press) -> bytes:
    """The same with the XBRL instance beside the XML, for accounting programs."""
    both = (_attach(source, press, "xml"), _attach(source, press, "xbrl"))
    return render_ofd(source, attachments=both, sign=press.mark)


def _attach(source: Source, press: Press, kind: str) -> Attachment:
    """Another rendition as a file, under the name that it has by itself."""
    name = as_rendition(source.invoice.number, kind, b"").file_name
    return Attachment(name, press.render(source, kind), kind)
