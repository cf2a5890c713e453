"""CSV and tab-separated text, as spreadsheets save it: one table, every cell text.

UTF-8 with or without a mark, UTF-16 with one, or GB18030, which is what a Chinese Excel writes
unasked.  ``="001"`` is how people keep a spreadsheet from eating zeros, and ``'=…`` how we keep
it from running what it reads: both are undone.
"""

import codecs
import csv
import functools
import io
import re
from collections.abc import Iterator, Mapping

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.sheets.book import MAX_CELLS, Cell, Place

NAME = "CSV"
MAX_BYTES = 64 * 2**20
MAX_CELL_CHARACTERS = 32_767
"""What a spreadsheet's cell holds at most."""

DELIMITERS = ",\t;"
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be run as a formula by whoever opens the file."""

_QUOTED = re.compile(r'="([^"]*)"')
_FIGURE = re.compile(r"[-+]?[0-9][0-9,]*(\.[0-9]+)?%?")


class TextTable:
    """A CSV as a book of one table.  Raises Unreadable: no text, or larger than we read."""

    formulas: Mapping[str, frozenset[Place]] = {NAME: frozenset()}
    names = (NAME,)

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise _unreadable("文件超出读取上限, 请拆分", "it is larger than we read; split it")
        self.text = decode(data)
        self.delimiter = _delimiter(self.text)
        if self.text.count(self.delimiter) > MAX_CELLS:  # before a row of them is laid out
            raise _too_wide()

    def rows(self, name: str) -> Iterator[tuple[int, list[Cell]]]:
        for number, record in enumerate(self.records, 1):
            if any(record):
                yield number, [_undone(text) for text in record]

    @functools.cached_property
    def records(self) -> list[list[str]]:
        """Every row as it stands, blank ones too, all of them equally wide."""
        csv.field_size_limit(MAX_CELL_CHARACTERS)
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter)
        records: list[list[str]] = []
        width = 0
        try:
            for record in reader:
                records.append(record)
                width = max(width, len(record))
                if width * len(records) > MAX_CELLS:
                    raise _too_wide()
        except csv.Error as error:
            raise _unreadable(f"不是有效的 CSV ({error})", f"it is no CSV ({error})") from None
        return [record + [""] * (width - len(record)) for record in records]


def decode(data: bytes) -> str:
    """Raises Unreadable: in none of the encodings that spreadsheets use."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(data, "utf-16")
    try:
        return _decoded(data, "utf-8-sig")
    except Unreadable:
        return _decoded(data, "gb18030")


def harmless(text: str) -> str:
    """What a spreadsheet would run as a formula becomes text; a plain figure stays one."""
    if text.startswith(DANGEROUS) and not _FIGURE.fullmatch(text):
        return f"'{text}"
    return text


def _undone(text: str) -> str:
    if text.startswith("'") and text[1:].startswith(DANGEROUS):
        return text[1:]
    quoted = _QUOTED.fullmatch(text)
    return quoted[1] if quoted else text


def _decoded(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise _unreadable(
            "无法识别编码。请另存为 CSV UTF-8", "its encoding is unknown; save it as CSV UTF-8"
        ) from None
    if "\0" in text:
        raise _unreadable("不是文本", "it is no text")
    return text


def _delimiter(text: str) -> str:
    """Whichever stands most often in the line with the headings."""
    for line in text[:20_000].split("\n"):
        if "流水号" in line:
            return max(DELIMITERS, key=line.count)
    return ","


def _too_wide() -> Unreadable:
    return _unreadable("单元格过多, 请拆分", "it has too many cells; split it")


def _unreadable(zh: str, en: str) -> Unreadable:
    return Unreadable(NAME, zh=f"{zh}。", en=f"{en}.")
