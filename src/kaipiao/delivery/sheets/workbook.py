"""XLSX workbooks from strangers: looked over first, then read by calamine.

calamine lays a sheet out as a full rectangle, so one cell in the last corner of an otherwise
empty sheet would ask for a terabyte; and it gives a formula's remembered value without saying
that it was one.  Hence the survey: one pass over each worksheet that finds its extent and its
formulas before anything is laid out.
"""

import io
import posixpath
import re
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

from kaipiao.base.archive import Archive, Limits
from kaipiao.base.markup import local, parse_xml
from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.sheets.book import MAX_CELLS, Cell, Place

LIMITS = Limits(packed_bytes=64 * 2**20, unpacked_bytes=512 * 2**20, ratio=1_000)

_ENCODING = re.compile(rb"encoding=[\"'](?!utf-8[\"'])", re.IGNORECASE)
_UNUSUAL = re.compile(
    rb"<(?:[^a-zA-Z/?]|[A-Za-z0-9_.-]+:|f[\s/>]"
    rb'|c(?![A-Za-z])(?! r="[A-Z]{1,3}[1-9][0-9]{0,6}"(?: [st]="[A-Za-z0-9]*")*/?>))'
)
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]+)([0-9]+)"')


class Workbook:
    """One workbook, surveyed.

    Raises (from the constructor and ``rows``):
        Unreadable: not an XLSX within limits.
    """

    def __init__(self, data: bytes) -> None:
        parts = _sheet_parts(Archive(data, LIMITS))
        self.formulas: Mapping[str, frozenset[Place]] = {
            name: _survey(name, content) for name, content in parts.items()
        }
        try:
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        except (CalamineError, ValueError, OSError):
            raise _not_xlsx() from None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.formulas)

    def rows(self, name: str) -> Iterator[tuple[int, list[Cell]]]:
        """Every row that is not blank, with its number (from 1), from column A on."""
        try:
            sheet = self._book.get_sheet_by_name(name)
            laid_out = sheet.to_python(skip_empty_area=False)
        except (CalamineError, ValueError, OSError):
            raise _not_xlsx(name) from None
        for number, row in enumerate(laid_out, 1):
            if any(cell != "" for cell in row):
                yield number, row


def _sheet_parts(archive: Archive) -> Mapping[str, bytes]:
    """Every worksheet's XML by the name on its tab."""
    book, links = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if book not in archive or links not in archive:
        raise _not_xlsx()
    targets = {
        link.get("Id", ""): link.get("Target", "")
        for link in parse_xml(archive.read(links), where=links)
        if link.get("Type", "").endswith("/worksheet")
    }
    return {
        sheet.get("name", ""): archive.read(_part(targets[sheet.get("id", "")]))
        for sheet in parse_xml(archive.read(book), where=book).iter("sheet")
        if sheet.get("id", "") in targets
    }


def _part(target: str) -> str:
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _survey(name: str, content: bytes) -> frozenset[Place]:
    """Where the formulas of a worksheet are, as (row, column) from (1, 0)."""
    if _is_plain(content):
        _check_plain_extent(name, content)
        return frozenset()
    surveyor = _Surveyor(name)
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = surveyor.doctype
    parser.StartElementHandler = surveyor.start
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise _not_xlsx(name) from None
    return frozenset(surveyor.formulas)


def _is_plain(content: bytes) -> bool:
    """Whether every cell is written as most programs write it, and none is a formula.

    Such a sheet can be surveyed four times faster, without understanding it.  Whatever looks
    unusual (a prefix, a comment, CDATA, an entity in a place) is parsed.
    """
    odd = _ENCODING.search(content[:200]) or _UNUSUAL.search(content)
    return not odd


def _check_plain_extent(name: str, content: bytes) -> None:
    """Raises Unreadable if the sheet spans too much."""
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    for cell in _PLAIN_CELL.finditer(content):
        columns.add(cell[1])
        rows.add(cell[2])
    width = max((_column_index(one.decode()) + 1 for one in columns), default=0)
    if width * max(map(int, rows), default=0) > MAX_CELLS:
        raise _too_large(name)


class _Surveyor:
    """Follows a worksheet's cells as a reader places them, keeping only the extent."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._row = self._column = self._rows = self._columns = 0
        self.formulas: set[Place] = set()

    def doctype(self, *_: object) -> None:
        raise _not_xlsx(self._name)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = local(name)
        if kind == "c":
            self._place(attributes.get("r", ""))
        elif kind == "f":
            self.formulas.add((self._row, self._column))
        elif kind == "row":
            written = attributes.get("r", "")
            self._row = int(written) if written else self._row + 1
            self._column = -1

    def _place(self, reference: str) -> None:
        letters = reference.rstrip("0123456789")
        self._column += 1
        if letters:
            self._column = _column_index(letters)
            self._row = int(reference[len(letters) :])
        self._rows = max(self._rows, self._row)
        self._columns = max(self._columns, self._column + 1)
        if self._rows * self._columns > MAX_CELLS:
            raise _too_large(self._name)


def _column_index(letters: str) -> int:
    """``A`` is 0; longer than any column is as good as too far."""
    index = 0
    for letter in letters[:8].upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def _not_xlsx(where: str = "") -> Unreadable:
    return Unreadable(
        where,
        zh="不是可读取的 XLSX 工作簿。请在表格软件中另存为 .xlsx 后重试。",
        en="not a readable XLSX workbook. Save it as .xlsx in your spreadsheet program.",
    )


def _too_large(name: str) -> Unreadable:
    return Unreadable(
        name,
        zh=f"工作表过大 (超过 {MAX_CELLS} 个单元格)。请分成多个文件。",
        en=f"the sheet spans more than {MAX_CELLS} cells. Split it into several files.",
    )
