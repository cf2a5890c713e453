"""XML from strangers, read safely.

No DOCTYPE at all, hence no entity, no external file and no expansion (the whole family of
billion-laughs and XXE attacks); limits on size, depth and number of elements.  Nothing is
ever fetched.

Prefixes are dropped and namespaces not resolved: genuine documents use undeclared and empty
prefixes (``<:eInvoice xmlns:="">``), which is well-formed XML 1.0 and only the namespaces
recommendation forbids.  GBK, which expat does not know, is decoded first.
"""

import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from kaipiao.base.unreadable import Unreadable

MAX_BYTES = 16 * 2**20
"""2,000 lines with every text at its limit fit, twice."""
MAX_ASTRAL_BYTES = 4 * 2**20
"""The same where there are rare characters, of which one makes a whole text four times as large."""
MAX_DEPTH = 64
MAX_ELEMENTS = 150_000
"""An XML invoice of 2,000 lines has about 30,000, all parts of such an OFD about 80,000."""
MAX_ATTRIBUTES = 250_000
MAX_EQUALS = 100_000
"""Equals signs in one part: the parser takes a whole tag with its attributes before it asks."""
MAX_TEXT_CHARS = 8 * 2**20
"""Of one element."""

_ASTRAL = re.compile(rb"[\xf0-\xf4]")
_DECLARED = re.compile(rb"""^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}


class Allowance:
    """What may still be read, by whoever reads several parts of one document."""

    def __init__(self) -> None:
        self.bytes = MAX_BYTES
        self.elements = MAX_ELEMENTS
        self.attributes = MAX_ATTRIBUTES


def local(name: str) -> str:
    """``fp:InvoiceNo`` is ``InvoiceNo``."""
    return name.rpartition(":")[2]


def parse_xml(data: bytes, *, where: str = "", allowance: Allowance | None = None) -> Element:
    """The root element; tags and attributes by their local names.

    Raises:
        Unreadable: not XML, a DOCTYPE, or past one of the limits.
    """
    allowance = allowance or Allowance()
    allowance.bytes -= len(data)
    if allowance.bytes < 0:
        raise _too_large(where, f"{MAX_BYTES // 2**20} MB")
    utf8 = _as_utf8(data, where)
    if len(utf8) > MAX_ASTRAL_BYTES and _ASTRAL.search(utf8):
        raise _too_large(where, f"{MAX_ASTRAL_BYTES // 2**20} MB with rare characters")
    if utf8.count(b"=") > MAX_EQUALS:
        raise _too_large(where, f"{MAX_EQUALS} attributes")
    return _Building(where, allowance).parse(utf8)


class _Building:
    """One parse: expat's events into a tree, stopping at the first thing we do not take."""

    def __init__(self, where: str, allowance: Allowance) -> None:
        self._where = where
        self._allowance = allowance
        self._tree = TreeBuilder()
        self._depth = self._chars = 0
        self._locals: dict[str, str] = {}  # one string for each name, however often it is used

    def parse(self, data: bytes) -> Element:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise Unreadable(
                self._where,
                zh=f"不是格式正确的 XML (第 {error.lineno} 行)。请重新获取原始文件。",
                en=f"not well-formed XML (line {error.lineno}). Get the original file again.",
            ) from None
        return self._tree.close()

    def _doctype(self, *_: object) -> None:
        raise Unreadable(
            self._where,
            zh="XML 含有 DOCTYPE, 发票文件不应含有, 已拒绝读取。",
            en="the XML has a DOCTYPE, which no invoice needs; it was not read.",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._chars = 0
        allowance = self._allowance
        allowance.elements -= 1
        allowance.attributes -= len(attributes)
        if self._depth > MAX_DEPTH:
            raise _too_large(self._where, f"{MAX_DEPTH} levels")
        if allowance.elements < 0:
            raise _too_large(self._where, f"{MAX_ELEMENTS} elements")
        if allowance.attributes < 0:
            raise _too_large(self._where, f"{MAX_ATTRIBUTES} attributes")
        self._tree.start(
            self._local(name), {self._local(key): value for key, value in attributes.items()}
        )

    def _data(self, text: str) -> None:
        self._chars += len(text)
        if self._chars > MAX_TEXT_CHARS:
            raise _too_large(self._where, f"{MAX_TEXT_CHARS} characters in one text")
        self._tree.data(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._tree.end(self._local(name))

    def _local(self, name: str) -> str:
        known = self._locals.get(name)
        if known is None:
            known = self._locals[name] = local(name)
        return known


def _as_utf8(data: bytes, where: str) -> bytes:
    """UTF-8 bytes without a byte order mark, whatever the document was written in."""
    encoding = "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif declared := _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf")):
        encoding = _ENCODINGS.get(declared[1].decode().lower(), "")
    if encoding == "utf-8":
        return data.removeprefix(b"\xef\xbb\xbf")  # expat looks at the bytes itself
    try:
        return data.decode(encoding).encode()
    except (LookupError, UnicodeError):
        raise Unreadable(
            where,
            zh="XML 的字符编码无法识别。请另存为 UTF-8。",
            en="the XML's character encoding is unknown or wrong. Save it as UTF-8.",
        ) from None


def _too_large(where: str, limit: str) -> Unreadable:
    return Unreadable(
        where,
        zh=f"XML 超出读取上限 ({limit})。",
        en=f"the XML is larger than we read ({limit}).",
    )
