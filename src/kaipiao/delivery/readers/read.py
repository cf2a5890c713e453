"""One way in: any invoice document, told apart by its first bytes."""

from kaipiao.base.archive import is_zip
from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.embedded import is_xml, read_embedded
from kaipiao.delivery.readers.ofd_invoice import read_ofd
from kaipiao.delivery.readers.pdf import is_pdf, read_pdf


def read_document(data: bytes) -> Document:
    """Read an OFD, a PDF with its XML, a 数电票 XML, the XML of the device era, an XBRL instance.

    Raises:
        Unreadable: none of these, damaged, or past a limit; it says where and what to do.
    """
    if is_zip(data):
        return read_ofd(data)
    if is_pdf(data):
        return read_pdf(data)
    if not is_xml(data):
        raise unknown_format()
    return read_embedded(parse_xml(data))


def unknown_format() -> Unreadable:
    return Unreadable(
        "",
        zh="无法识别的文件。可读取: 数电票 XML、OFD、附有 XML 的 PDF、XBRL、二维码文本或图片。",
        en="a format we do not know. We read: XML, OFD, PDF with its XML attached, XBRL, the "
        "text of a QR code or a picture of one.",
    )
