"""The invoice in an OFD: its attachment, or else the texts that custom tags point at.

The attachment is the invoice; tags tell what the visible page says, so that the two can be
compared.  Where there is no attachment, the tagged texts are read in its place.  Genuine files
break the strict schema in many places (paths, prefixes, dates, custom tags): a part that only
decorates may be broken, a part that is needed may not.
"""

import re
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

import msgspec

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.readers.document import Document
from kaipiao.delivery.readers.embedded import READERS, is_xml, read_embedded
from kaipiao.delivery.readers.ofd import ENTRY, Ofd

MAX_TAGGED_CHARS = 2**20
"""Tags may point at one text many times; what they gather together has this limit."""

_WORDS = re.compile(r"[\s⊗(（)）负数零壹贰貳叁肆伍陆柒捌玖拾佰仟万萬亿圆元角分整正]+")


def read_ofd(data: bytes) -> Document:
    """The invoice in an OFD.

    Raises:
        Unreadable: not an OFD within limits, or no invoice can be found in it.
    """
    return invoice_of(Ofd(data))


def invoice_of(ofd: Ofd) -> Document:
    """The same for a package that is open already.  Raises Unreadable."""
    filling = _Filling(ofd.texts())
    tagged = [filling.fill(tag) for tag in ofd.tags() if tag.tag in READERS]
    document, source = _attached(ofd) or _from_tags(tagged, ofd)
    pages = ofd.pages()
    return msgspec.structs.replace(
        document,
        pages=len(pages),
        templates=len(ofd.templates()),
        attachments=tuple(ofd.attachments()),
        read_from=tuple(dict.fromkeys((ENTRY, ofd.root, *source, *pages))),
        words=document.words or _words(ofd.page_texts()),
        shown=tuple(pair for tag in tagged for pair in _flat(tag)),
    )


def _attached(ofd: Ofd) -> tuple[Document, list[str]] | None:
    """The first attachment that is an invoice we know, and its path."""
    for path in ofd.attachments():
        if is_xml(ofd.parts.read(path)):
            tree = ofd.tree(path)
            if tree.tag in READERS:
                return read_embedded(tree, where=path), [path]
    return None


def _from_tags(tagged: list[Element], ofd: Ofd) -> tuple[Document, list[str]]:
    if not tagged:
        raise Unreadable(
            "",
            zh="OFD 中没有可识别的发票数据。请向开票方索取 XML。",
            en="there is no invoice data in this OFD. Ask the issuer for the XML.",
        )
    document = read_embedded(tagged[0], where="CustomTags")
    return msgspec.structs.replace(document, form="ofd-tags"), ofd.pages()


class _Filling:
    """Puts in the place of every reference the text that it points at, within a limit."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts
        self._left = MAX_TAGGED_CHARS

    def fill(self, tag: Element) -> Element:
        filled = Element(tag.tag)
        filled.text = "".join(self._taken(tag))
        filled.extend([self.fill(child) for child in tag if child.tag != "ObjectRef"])
        return filled

    def _taken(self, tag: Element) -> Iterator[str]:
        for reference in tag.findall("ObjectRef"):
            text = self._texts.get((reference.text or "").strip(), "")
            self._left -= len(text)
            if self._left < 0:
                raise Unreadable(
                    "CustomTags",
                    zh="OFD 标引内容超出读取上限。",
                    en="the tags point at more text than we read.",
                )
            yield text


def _flat(tag: Element, above: str = "") -> Iterator[tuple[str, str]]:
    """Every tagged text with its path of names below the root."""
    for child in tag:
        path = f"{above}{child.tag}"
        if child.text:
            yield path, child.text
        yield from _flat(child, f"{path}/")


def _words(texts: Iterable[str]) -> str:
    """价税合计大写: the one visible text that is nothing but numerals; empty if not just one."""
    found = [text for text in texts if len(text) > 2 and _WORDS.fullmatch(text)]
    return found[0] if len(found) == 1 else ""
