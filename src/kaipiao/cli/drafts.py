"""Drafts from a file or standard input: JSON, a JSON array, NDJSON, or a sheet (XLSX, CSV).

A draft may come in an envelope, ``{"key": ..., "draft": {...}}``.  One that comes without a
key is named by its content, and by how many with the same content stood before it, so the same
file names the same sales however often it is sent.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.fiscal.draft import Draft
from kaipiao.gateway.draft_lines import Item, read_item

if TYPE_CHECKING:
    from kaipiao.delivery.sheets.file import SheetFile

STDIN = "-"
KEY_DIGITS = 32
_ZIP = b"PK\x03\x04"
_BOM = b"\xef\xbb\xbf"
_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
_HEADINGS = tuple("流水号".encode(name) for name in _ENCODINGS)
_TABLE_WITHIN = 20_000
"""A table's headings stand within so many bytes from its beginning."""


class Items:
    """The drafts of a file, once; and, if it is one, the sheet that they stand in."""

    def __init__(self, each: Iterator[Item], sheet: "SheetFile | None" = None) -> None:
        self._each = each
        self.sheet = sheet
        self.total = sheet.total if sheet else None

    def __iter__(self) -> Iterator[Item]:
        return self._each


@contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """The file called ``name``, or standard input for ``-``."""
    if name == STDIN:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


def read_items(file: BinaryIO) -> Items:
    """Every draft of a file, one after the other; an NDJSON file of any length.

    Raises:
        Unreadable: a sheet that is none.
        OSError
    """
    first = file.readline().removeprefix(_BOM)
    if first.startswith(_ZIP):
        return _items_of_sheet(first + file.read())
    if _is_json(first):
        return Items(_named(_lines(first, file)))
    whole = first + file.read()
    if _is_table(whole):
        return _items_of_sheet(whole)
    return Items(_named(_values(first, whole)))


def _lines(first: bytes, rest: BinaryIO) -> Iterator[tuple[int, bytes]]:
    if not first.lstrip().startswith(b"["):
        yield 1, first
        for number, line in enumerate(rest, 2):
            if line.strip():
                yield number, line
        return
    yield from enumerate(map(bytes, msgspec.json.decode(first, type=list[msgspec.Raw])), 1)


def _values(first: bytes, whole: bytes) -> Iterator[tuple[int, bytes]]:
    """A file whose first line is no JSON of its own: one value over several lines, or lines."""
    if not whole.strip():
        return
    try:
        values = msgspec.json.decode(whole, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
    except ValueError:
        if first.strip() in (b"", b"{", b"["):
            yield 1, whole
            return
        for number, line in enumerate(whole.splitlines(), 1):
            if line.strip():
                yield number, line
        return
    yield from enumerate([whole] if isinstance(values, dict) else map(bytes, values), 1)


def _named(texts: Iterator[tuple[int, bytes]]) -> Iterator[Item]:
    seen: Counter[bytes] = Counter()
    for line, text in texts:
        item = read_item(line, text)
        if isinstance(item.read, Draft) and not item.key:
            content = digest(canonical(item.read))
            seen[content] += 1
            item = item._replace(key=f"{content.hex()[:KEY_DIGITS]}-{seen[content]}")
        yield item


def _items_of_sheet(data: bytes) -> Items:
    from kaipiao.delivery.sheets.file import SheetFile

    sheet = SheetFile(data)
    each = (Item(sale.place + 1, sale.key, sale.read) for sale in sheet.sales())
    return Items(each, sheet)


def _is_table(data: bytes) -> bool:
    """Whether this is a CSV with our headings, in any encoding that spreadsheets write."""
    if data.lstrip()[:1] in (b"{", b"["):
        return False
    top = data[:_TABLE_WITHIN]
    return any(heading in top for heading in _HEADINGS)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except ValueError:
        return False
    return True
