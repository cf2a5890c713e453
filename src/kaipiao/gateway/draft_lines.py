"""Drafts one a line, bare or in an envelope ``{"key": …, "draft": {…}}``: read, or all faults."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.imports import Sale, SaleResult
from kaipiao.fiscal.invoice import parse_key
from kaipiao.fiscal.violation import Violation
from kaipiao.gateway.faults import find_faults

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


def read_item(line: int, text: bytes) -> Item:
    """One line; ``key`` is empty if it brought none."""
    try:
        envelope = msgspec.json.decode(text, type=_Envelope)
    except msgspec.ValidationError:
        return Item(line, "", find_faults(text, Draft))
    except (ValueError, RecursionError):
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


class LinesFile:
    """NDJSON as a file of sales: implements ports.SaleFile.

    A line without a key of its own gets one from the import and its number, so the same upload
    names the same sales whoever works on it.
    """

    def __init__(self, data: bytes, prefix: str) -> None:
        self._lines = [line for line in data.removeprefix(_BOM).split(b"\n") if line.strip()]
        self._prefix = prefix
        self.total = len(self._lines)

    def sales(self) -> Iterator[Sale]:
        for place, text in enumerate(self._lines):
            item = read_item(place + 1, text)
            yield Sale(place=place, key=item.key or f"{self._prefix}-{place + 1}", read=item.read)

    def locate(self, sale: Sale, violations: Sequence[Violation]) -> list[Violation]:
        return list(violations)

    def render(self, results: Sequence[SaleResult]) -> bytes:
        """A line for each line, in order."""
        return b"".join(msgspec.json.encode(result) + b"\n" for result in results)


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
