"""One way in: any invoice document, told apart by its first bytes."""

from kaipiao.base.archive import is_zip
from kaipiao.base.markup import parse_xml
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.embedded import read_embedded
from kaipiao.delivery.readers.ofd import read_ofd


def read_document(data: bytes) -> Document:
    """Read an OFD, a 数电票 XML, the XML of the device era, or an XBRL instance.

    Raises:
        Unreadable: none of these, damaged, or past a limit; it says where and what to do.
    """
    return read_ofd(data) if is_zip(data) else read_embedded(parse_xml(data))
