"""OFD (GB/T 33190): a zip of XML parts, read leniently.

    OFD.xml ─► Document.xml ─┬► Pages, Tpls     text objects, each with an id
                             ├► Attachs         the invoice itself, as XML or XBRL
                             └► Tags            which text object shows which field

The attachment is the invoice; tags tell what the visible page says, so that the two can be
compared.  Where there is no attachment, the tagged texts are read in its place.  Genuine files
break the strict schema in many places (paths, prefixes, dates, custom tags): a part that only
decorates may be broken, a part that is needed may not.
"""

import posixpath
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

import msgspec

from kaipiao.base.archive import Archive
from kaipiao.base.markup import parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.embedded import READERS, read_embedded

ENTRY = "OFD.xml"
_WORDS = re.compile(r"[\s⊗(（)）负数零壹贰貳叁肆伍陆柒捌玖拾佰仟万萬亿圆元角分整正]+")


class Ofd:
    """One package, opened.

    Raises (from the constructor and every method):
        Unreadable: not a zip within limits, or a needed part is missing or broken.
    """

    def __init__(self, data: bytes) -> None:
        self.parts = Archive(data)
        self.body = self._needed(ENTRY, "DocBody")
        self.root = resolve(ENTRY, text_at(self.body, "DocRoot"))
        self.document = self.tree(self.root)

    def tree(self, path: str) -> Element:
        return parse_xml(self.parts.read(path), where=path)

    def pages(self) -> list[str]:
        """The paths of the visible pages, in order."""
        found = self.document.findall("Pages/Page")
        return [resolve(self.root, page.get("BaseLoc", "")) for page in found]

    def attachments(self) -> list[str]:
        """The paths of the attachments, in order, each once."""
        listing = text_at(self.document, "Attachments")
        return self._listed(listing, "Attachment") if listing else []

    def texts(self) -> dict[str, str]:
        """Every visible text by the id of its object; ids are unique in a document."""
        texts: dict[str, str] = {}
        for path in dict.fromkeys(self.pages()):
            for shown in self.tree(path).iter("TextObject"):
                codes = "".join(code.text or "" for code in shown.iter("TextCode"))
                texts[shown.get("ID", "")] = codes.strip()
        return texts

    def tags(self) -> Iterator[Element]:
        """The roots of the custom tags.  They decorate: a broken one is passed over."""
        try:
            for path in self._listed(text_at(self.document, "CustomTags"), "CustomTag"):
                yield self.tree(path)
        except Unreadable:
            return

    def _listed(self, listing: str, child: str) -> list[str]:
        """What a listing part lists, each once: a part named twice is not read twice."""
        path = resolve(self.root, listing)
        found = self.tree(path).findall(child)
        return list(dict.fromkeys(resolve(path, text_at(one, "FileLoc")) for one in found))

    def _needed(self, path: str, child: str) -> Element:
        found = self.tree(path).find(child)
        if found is None:
            raise Unreadable(path, zh=f"OFD 缺少 {child}。", en=f"the OFD has no {child}.")
        return found


def read_ofd(data: bytes) -> Document:
    """The invoice in an OFD.

    Raises:
        Unreadable: not an OFD within limits, or no invoice can be found in it.
    """
    ofd = Ofd(data)
    texts = ofd.texts()
    tagged = [_filled(tag, texts) for tag in ofd.tags() if tag.tag in READERS]
    document = _attached(ofd) or _from_tags(tagged)
    if document is None:
        raise Unreadable(
            "", zh="OFD 中没有可识别的发票数据。", en="there is no invoice data in this OFD."
        )
    return msgspec.structs.replace(
        document,
        pages=len(ofd.pages()),
        words=document.words or _words(texts),
        shown=tuple(pair for tag in tagged for pair in _flat(tag)),
    )


def resolve(base: str, location: str) -> str:
    """The path in the package of a location written in the part ``base``.  Raises Unreadable."""
    rooted = location.startswith("/")
    joined = location[1:] if rooted else posixpath.join(posixpath.dirname(base), location)
    path = posixpath.normpath(joined)
    if not location or path == "." or path.startswith(("..", "/")):
        raise Unreadable(base, zh="OFD 内部路径无效。", en=f"a path leads nowhere: {location!r}.")
    return path


def text_at(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _attached(ofd: Ofd) -> Document | None:
    """The first attachment that is an invoice we know."""
    for path in ofd.attachments():
        data = ofd.parts.read(path)
        if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            tree = parse_xml(data, where=path)
            if tree.tag in READERS:
                return read_embedded(tree, where=path)
    return None


def _from_tags(tagged: list[Element]) -> Document | None:
    if not tagged:
        return None
    return msgspec.structs.replace(read_embedded(tagged[0], where="CustomTags"), form="ofd-tags")


def _filled(tag: Element, texts: dict[str, str]) -> Element:
    """The tag tree with every reference replaced by the text that it points at."""
    filled = Element(tag.tag)
    filled.text = "".join(
        texts.get((child.text or "").strip(), "") for child in tag if child.tag == "ObjectRef"
    )
    filled.extend(_filled(child, texts) for child in tag if child.tag != "ObjectRef")
    return filled


def _flat(tag: Element, above: str = "") -> Iterator[tuple[str, str]]:
    """Every tagged text with its path of names below the root."""
    for child in tag:
        path = f"{above}{child.tag}"
        if child.text:
            yield path, child.text
        yield from _flat(child, f"{path}/")


def _words(texts: dict[str, str]) -> str:
    """价税合计大写: the one visible text that is nothing but numerals; empty if not just one."""
    found = [text for text in texts.values() if len(text) > 2 and _WORDS.fullmatch(text)]
    return found[0] if len(found) == 1 else ""
