"""Drafts from a file or standard input: JSON, a JSON array, NDJSON, or a sheet (XLSX).

A draft may come in an envelope, ``{"key": ..., "draft": {...}}``.  One that comes without a
key is named by its content, and by how many with the same content stood before it, so the same
file names the same sales however often it is sent.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import parse_key
from kaipiao.fiscal.violation import Violation
from kaipiao.gateway.faults import find_faults

STDIN = "-"
KEY_DIGITS = 32
_ZIP = b"PK\x03\x04"
_BOM = b"\xef\xbb\xbf"


class Item(NamedTuple):
    """One draft of a file: its line (of NDJSON) or place, from 1; its key; itself or its faults.

    ``is_json`` is False for what is no JSON at all.
    """

    line: int
    key: str
    read: Draft | list[Violation]
    is_json: bool = True


class _Envelope(msgspec.Struct):
    """Enough to see whether a draft is in an envelope, and whose it is."""

    key: msgspec.Raw = msgspec.Raw(b"")
    draft: msgspec.Raw = msgspec.Raw(b"")


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    draft: Draft


@contextmanager
def open_input(name: str) -> Iterator[BinaryIO]:
    """The file called ``name``, or standard input for ``-``."""
    if name == STDIN:
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as file:
        yield file


def read_items(file: BinaryIO) -> Iterator[Item]:
    """Every draft of a file, one after the other; an NDJSON file of any length.

    Raises:
        Unreadable: a sheet that is none.
        OSError
    """
    first = file.readline().removeprefix(_BOM)
    if first.startswith(_ZIP):
        return _items_of_sheet(first + file.read())
    texts = _lines(first, file) if _is_json(first) else _values(first, file)
    return _named(texts)


def _lines(first: bytes, rest: BinaryIO) -> Iterator[tuple[int, bytes]]:
    if not first.lstrip().startswith(b"["):
        yield 1, first
        for number, line in enumerate(rest, 2):
            if line.strip():
                yield number, line
        return
    yield from enumerate(map(bytes, msgspec.json.decode(first, type=list[msgspec.Raw])), 1)


def _values(first: bytes, rest: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """A file whose first line is no JSON of its own: one value over several lines, or lines."""
    whole = first + rest.read()
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
        item = _item(line, text)
        if isinstance(item.read, Draft) and not item.key:
            content = digest(canonical(item.read))
            seen[content] += 1
            item = item._replace(key=f"{content.hex()[:KEY_DIGITS]}-{seen[content]}")
        yield item


def _item(line: int, text: bytes) -> Item:
    try:
        envelope = msgspec.json.decode(text, type=_Envelope)
    except msgspec.ValidationError:
        return Item(line, "", find_faults(text, Draft))
    except ValueError:
        return Item(line, "", find_faults(text, Draft), is_json=False)
    kind: type[_Strict] | type[Draft] = _Strict if bytes(envelope.draft) else Draft
    try:
        value = msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        return Item(line, _key_of(envelope), _faults(text, kind))
    if isinstance(value, Draft):
        return Item(line, "", value)
    try:
        return Item(line, parse_key(value.key), value.draft)
    except ValueError as error:
        return Item(line, value.key, [_bad_key(str(error))])


def _key_of(envelope: _Envelope) -> str:
    """The key of a line that is otherwise not understood, so that its sender can find it."""
    try:
        return msgspec.json.decode(envelope.key, type=str) if bytes(envelope.key) else ""
    except msgspec.DecodeError:
        return ""


def _faults(text: bytes, kind: type[_Strict] | type[Draft]) -> list[Violation]:
    """Everything wrong; pointers are into the draft, envelope or not."""
    return [
        msgspec.structs.replace(fault, path=fault.path.removeprefix("/draft"))
        for fault in find_faults(text, kind)
    ]


def _bad_key(why: str) -> Violation:
    return Violation(
        code="key-missing", path="/key", zh="编号须为 1 至 128 个可见 ASCII 字符。", en=f"{why}."
    )


def _items_of_sheet(data: bytes) -> Iterator[Item]:
    from kaipiao.delivery.sheets.read import read_sheet

    for place, invoice in enumerate(read_sheet(data), 1):
        yield Item(place, invoice.key, invoice.read)


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except ValueError:
        return False
    return True
