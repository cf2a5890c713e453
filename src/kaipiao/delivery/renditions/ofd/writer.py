"""The OFD as the registry asks for it (``renditions.make``)."""

from kaipiao.delivery.renditions.make import Press
from kaipiao.delivery.renditions.ofd.document import Attachment
from kaipiao.delivery.renditions.ofd.render import render_ofd
from kaipiao.delivery.renditions.source import Source


def render(source: Source, press: Press) -> bytes:
    """With the 数电票 XML attached; signed, if the press can sign."""
    xml = Attachment(f"{source.invoice.number}.xml", press.render(source, "xml"))
    return render_ofd(source, attachments=(xml,), sign=press.mark)
