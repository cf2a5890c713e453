"""The sheet given back: the user's own tables and values, with what became of each invoice.

Five columns stand behind the last one, or, on a sheet that comes back for the second time, where
they stood.  An XLSX comes back as XLSX, a CSV as CSV; formats and drawings do not come along.
"""

import csv
import io
from collections.abc import Mapping
from typing import NamedTuple

from kaipiao.delivery.sheets.book import Book, Cell
from kaipiao.delivery.sheets.layout import KEY, RESULT_HEADINGS, heading_of
from kaipiao.delivery.sheets.rows import HEADINGS_WITHIN
from kaipiao.delivery.sheets.streamed import StreamedWorkbook
from kaipiao.delivery.sheets.table import TextTable, harmless


class RowResult(NamedTuple):
    """What stands beside a row; the headings are ``RESULT_HEADINGS``."""

    state: str
    number: str = ""
    issued_at: str = ""
    zh: str = ""
    en: str = ""


WIDTHS = (18,) * 64
"""Of columns, in characters: wide enough for an id."""

Results = Mapping[str, Mapping[int, RowResult]]
"""By sheet, by row (from 1)."""


def render_results(book: Book, results: Results) -> bytes:
    """The whole file again, with its results."""
    if isinstance(book, TextTable):
        return _render_csv(book, results.get(book.names[0], {}))
    file = io.BytesIO()
    with StreamedWorkbook(file) as written:
        for name in book.names:
            _write_sheet(book, name, results.get(name, {}), written)
    return file.getvalue()


def _write_sheet(
    book: Book, name: str, results: Mapping[int, RowResult], written: StreamedWorkbook
) -> None:
    written.begin(name, widths=WIDTHS)
    places: list[int] = []
    for number, cells in book.rows(name):
        if not places and results and number <= HEADINGS_WITHIN:
            places = _places(cells)
            result: tuple[str, ...] = RESULT_HEADINGS if places else ()
        else:
            result = results.get(number, ())
        written.write(_beside(cells, places, result), number=number)


def _places(cells: list[Cell]) -> list[int]:
    """The columns for results, if these are the headings; new ones stand behind the last."""
    columns = {heading_of(cell): column for column, cell in enumerate(cells) if cell != ""}
    if KEY not in columns:
        return []
    free = max(columns.values()) + 1
    places = []
    for heading in RESULT_HEADINGS:
        places.append(columns.get(heading, free))
        free += heading not in columns
    return places


def _beside(cells: list[Cell], places: list[int], result: tuple[str, ...]) -> list[Cell]:
    row = [*cells, *[""] * (max(places, default=-1) + 1 - len(cells))]
    for place, text in zip(places, result or [""] * len(places), strict=bool(result)):
        row[place] = text
    return row


def _render_csv(table: TextTable, results: Mapping[int, RowResult]) -> bytes:
    file = io.StringIO(newline="")
    rows = csv.writer(file, delimiter=table.delimiter)
    places: list[int] = []
    for number, record in enumerate(table.records, 1):
        cells: list[Cell] = list(record)
        if not places and number <= HEADINGS_WITHIN:
            places = _places(cells)
            result: tuple[str, ...] = RESULT_HEADINGS if places else ()
        else:
            result = results.get(number, ())
        rows.writerow([harmless(str(cell)) for cell in _beside(cells, places, result)])
    return file.getvalue().encode("utf-8-sig")
