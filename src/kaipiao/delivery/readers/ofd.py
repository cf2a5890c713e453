"""OFD (GB/T 33190): a zip of XML parts, read leniently.

    OFD.xml ─► Document.xml ─┬► Pages, Tpls     text objects, each with an id
                             ├► Attachs         the invoice itself, as XML or XBRL
                             └► Tags            which text object shows which field

A part may be named anywhere, by itself even, and is read at most once for each use; nothing
that is read names what is read next beyond the arrows above, so no circle is ever walked.
"""

import posixpath
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kaipiao.base.archive import Archive
from kaipiao.base.markup import Allowance, parse_xml
from kaipiao.base.unreadable import Unreadable

ENTRY = "OFD.xml"


class Ofd:
    """One package, opened.

    Raises (from the constructor and every method):
        Unreadable: not a zip within limits, or a needed part is missing or broken.
    """

    def __init__(self, data: bytes) -> None:
        self.parts = Archive(data)
        self._trees: dict[str, Element] = {}
        self._allowance = Allowance()
        if ENTRY not in self.parts:
            raise Unreadable(
                ENTRY,
                zh="这是 ZIP 文件包, 但不是 OFD (缺少 OFD.xml)。请先解压, 再读取其中的发票。",
                en="this is a zip, but no OFD. Unpack it and read the invoice inside.",
            )
        self.body = self._needed(ENTRY, "DocBody")
        self.root = resolve(ENTRY, text_at(self.body, "DocRoot"))
        self.document = self.tree(self.root)

    def tree(self, path: str) -> Element:
        """A part as XML, parsed once.  All parts together have the limits of one document."""
        if path not in self._trees:
            data = self.parts.read(path)
            self._trees[path] = parse_xml(data, where=path, allowance=self._allowance)
        return self._trees[path]

    def pages(self) -> list[str]:
        """The paths of the visible pages, in order."""
        found = self.document.findall("Pages/Page")
        return [resolve(self.root, page.get("BaseLoc", "")) for page in found]

    def templates(self) -> list[str]:
        """The paths of the page templates (模板页), in order."""
        found = self.document.findall("CommonData/TemplatePage")
        return [resolve(self.root, page.get("BaseLoc", "")) for page in found]

    def attachments(self) -> list[str]:
        """The paths of the attachments, in order, each once."""
        listing = text_at(self.document, "Attachments")
        return self._listed(listing, "Attachment") if listing else []

    def texts(self) -> dict[str, str]:
        """Every visible text by the id of its object; ids are unique in a document."""
        texts = dict(self._texts(self.pages()))
        try:
            return dict(self._texts(self.templates())) | texts
        except Unreadable:  # a template only decorates
            return texts

    def page_texts(self) -> list[str]:
        """What the pages themselves show, without their templates."""
        return [text for _, text in self._texts(self.pages())]

    def tags(self) -> Iterator[Element]:
        """The roots of the custom tags.  They decorate: a broken one is passed over."""
        try:
            for path in self._listed(text_at(self.document, "CustomTags"), "CustomTag"):
                yield self.tree(path)
        except Unreadable:
            return

    def _texts(self, paths: list[str]) -> Iterator[tuple[str, str]]:
        for path in dict.fromkeys(paths):
            for shown in self.tree(path).iter("TextObject"):
                codes = "".join(code.text or "" for code in shown.findall("TextCode"))
                yield shown.get("ID", ""), codes.strip()

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
