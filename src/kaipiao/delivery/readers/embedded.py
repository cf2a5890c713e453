"""Which reader reads which XML, by the name of its root."""

from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers import einvoice_xml, vat2019_xml, xbrl
from kaipiao.delivery.readers.document import Document

READERS: Mapping[str, Callable[..., Document]] = {
    einvoice_xml.ROOT: einvoice_xml.read_einvoice,
    vat2019_xml.ROOT: vat2019_xml.read_vat2019,
    xbrl.ROOT: xbrl.read_xbrl,
}

_BEFORE = b"\xef\xbb\xbf \r\n\t"


def is_xml(data: bytes) -> bool:
    """Whether it begins as XML does; a byte order mark is forgiven."""
    return data[:100].lstrip(_BEFORE).startswith(b"<") or data.startswith(
        (b"\xff\xfe", b"\xfe\xff")
    )


def read_embedded(root: Element, *, where: str = "") -> Document:
    """The document in a tree.

    Raises:
        Unreadable: no invoice we know, or one with a fault.
    """
    reader = READERS.get(root.tag)
    if reader is None:
        raise Unreadable(
            where,
            zh=f"XML 根元素 {root.tag[:40]} 不是已知的发票格式。",
            en=f"the root element {root.tag[:40]} is no invoice format we know.",
        )
    return reader(root, where=where)
