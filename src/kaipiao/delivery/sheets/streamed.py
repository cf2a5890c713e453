"""XLSX written row by row into whatever takes bytes: any length, a few megabytes of memory.

xlsxwriter hands nothing over before the last row is written, so a caller of a long export would
wait for minutes before the first byte.  Here a part of the package goes out as it grows; texts
stand in their cells (ECMA-376, ``inlineStr``) and not in a table at the end.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from types import TracebackType
from typing import IO, cast
from xml.sax.saxutils import escape, quoteattr

from kaipiao.delivery.sheets.book import Cell, column_letters

MAX_ROWS = 1_048_576
"""Of one sheet; what does not fit goes on in the next."""

MAX_PART_BYTES = 1 << 30
"""Of one sheet unpacked: above 2 GiB a zip needs fields that some readers do not know."""

MAX_TEXT = 32_767
"""Characters of one cell."""

EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no zone
PACK = 1
"""zlib's level: the fastest takes 15 % more bytes and a fifth of the time."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_GENERAL, _TEXT, _BOLD, _DAY, _INSTANT, _CLOCK, _YUAN = range(7)
_RELATIONSHIPS = f'<Relationships xmlns="{_PACKAGE}/relationships">{{}}</Relationships>'
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>{}</Types>'
)
_XF = 'fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/>'
    "<right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    f'<cellXfs count="7"><xf numFmtId="0" fontId="0" {_XF}'
    f'<xf numFmtId="49" fontId="0" {_XF}<xf numFmtId="49" fontId="1" {_XF}'
    f'<xf numFmtId="14" fontId="0" {_XF}<xf numFmtId="22" fontId="0" {_XF}'
    f'<xf numFmtId="21" fontId="0" {_XF}<xf numFmtId="4" fontId="0" {_XF}</cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


class Yuan(float):
    """An amount, shown as one.  Exact to the fen below ten million million yuan."""


class StreamedWorkbook:
    """Begin a sheet, write rows; use it in a ``with``.  ``file`` need only take bytes."""

    def __init__(self, file: IO[bytes] | io.RawIOBase) -> None:
        # Asked for nothing but write() and flush(), whatever the stub of zipfile says.
        self._zip = zipfile.ZipFile(
            cast(IO[bytes], file), "w", zipfile.ZIP_DEFLATED, compresslevel=PACK
        )
        self._names: list[str] = []
        self._part: IO[bytes] | None = None
        self._rows = self._bytes = 0
        self._again: tuple[str, Sequence[int], Sequence[str]] = ("", (), ())

    def __enter__(self) -> "StreamedWorkbook":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if kind is not None:
            self._zip.fp = None  # half a file is none: nothing more is written
            return
        self._end_sheet()
        self._write_frame()
        self._zip.close()

    def begin(self, name: str, *, widths: Sequence[int] = (), head: Sequence[str] = ()) -> None:
        """A new sheet; ``head`` stands in bold on top, and again if it goes on in another one."""
        self._end_sheet()
        self._again = (name, widths, head)
        self._names.append(_unique(name, self._names))
        self._part = self._zip.open(f"xl/worksheets/sheet{len(self._names)}.xml", "w")
        self._rows = self._bytes = 0
        columns = "".join(
            f'<col min="{n}" max="{n}" width="{width}" style="{_TEXT}" customWidth="1"/>'
            for n, width in enumerate(widths, 1)
        )
        frozen = (
            '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
            'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            if head
            else ""
        )
        listed = f"<cols>{columns}</cols>" if columns else ""
        self._put(f'{_HEAD}<worksheet xmlns="{_MAIN}">{frozen}{listed}<sheetData>')
        if head:
            self.write(head, style=_BOLD)

    def write(self, cells: Iterable[Cell], *, number: int = 0, style: int = _TEXT) -> None:
        """One row; ``number`` (from 1) leaves blank those before it.  ``""`` is no cell."""
        if self._rows >= MAX_ROWS or self._bytes >= MAX_PART_BYTES:
            name, widths, head = self._again
            self.begin(name, widths=widths, head=head)
            number = 0
        self._rows = number or self._rows + 1
        row = self._rows
        inner = "".join(
            _cell(f"{_letters(column)}{row}", cell, style)
            for column, cell in enumerate(cells)
            if cell != ""
        )
        self._put(f'<row r="{row}">{inner}</row>')

    def _put(self, text: str) -> None:
        assert self._part is not None, "begin a sheet first"
        self._bytes += self._part.write(text.encode())

    def _end_sheet(self) -> None:
        if self._part is not None:
            self._put("</sheetData></worksheet>")
            self._part.close()
            self._part = None

    def _write_frame(self) -> None:
        """The parts that say which sheets there are."""
        numbers = range(1, len(self._names) + 1)
        sheets = "".join(
            f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>'
            for n, name in enumerate(self._names, 1)
        )
        links = [_link(n, "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
        links.append(_link(len(self._names) + 1, "styles", "styles.xml"))
        parts = [_part(f"worksheets/sheet{n}", "worksheet") for n in numbers]
        parts += [_part("workbook", "sheet.main"), _part("styles", "styles")]
        frame = {
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}">'
            f"<sheets>{sheets}</sheets></workbook>",
            "xl/_rels/workbook.xml.rels": _RELATIONSHIPS.format("".join(links)),
            "xl/styles.xml": _STYLES,
            "_rels/.rels": _RELATIONSHIPS.format(_link(1, "officeDocument", "xl/workbook.xml")),
            "[Content_Types].xml": _TYPES.format("".join(parts)),
        }
        for name, content in frame.items():
            with self._zip.open(name, "w") as part:
                part.write((_HEAD + content).encode())


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{_LINKS}/{kind}" Target="{target}"/>'


def _part(name: str, kind: str) -> str:
    return f'<Override PartName="/xl/{name}.xml" ContentType="{_KIND}.{kind}+xml"/>'


_LETTERS = tuple(column_letters(n) for n in range(256))


def _letters(column: int) -> str:
    return _LETTERS[column] if column < len(_LETTERS) else column_letters(column)


def _cell(place: str, cell: Cell, style: int) -> str:
    if isinstance(cell, str):
        text = escape(_UNPRINTABLE.sub("", cell)[:MAX_TEXT])
        kept = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
        return f'<c r="{place}" s="{style}" t="inlineStr"><is><t{kept}>{text}</t></is></c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float):
        number = _YUAN if isinstance(cell, Yuan) else _GENERAL
        return f'<c r="{place}" s="{number}"><v>{cell!r}</v></c>'
    return f'<c r="{place}" s="{_style_of(cell)}"><v>{_serial(cell)!r}</v></c>'


def _style_of(cell: datetime | date | time | timedelta) -> int:
    if isinstance(cell, datetime):
        return _INSTANT
    return _DAY if isinstance(cell, date) else _CLOCK


def _serial(cell: datetime | date | time | timedelta) -> float:
    """Days since the end of 1899, as spreadsheets count."""
    if isinstance(cell, timedelta):
        return cell / timedelta(days=1)
    if isinstance(cell, time):
        return (cell.hour * 3600 + cell.minute * 60 + cell.second) / 86_400
    if not isinstance(cell, datetime):
        cell = datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001
    return (cell.replace(tzinfo=None) - EPOCH) / timedelta(days=1)


def _unique(name: str, taken: Sequence[str]) -> str:
    """A lawful name of a tab: at most 31 characters, and no other has it."""
    bare = re.sub(r"[\[\]:*?/\\]", "_", name)[:31] or "1"
    number, tried = 1, bare
    while tried in taken:
        number += 1
        tried = f"{bare[:26]} {number}"
    return tried
