"""Finding the rows of a table: which tab, which row holds the headings, what stands below."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.sheets.book import Book, Cell, Place
from kaipiao.delivery.sheets.cells import Row
from kaipiao.delivery.sheets.layout import KEY, PASSED_OVER, Layout, heading_of

HEADINGS_WITHIN = 20
"""The headings are looked for in this many rows from the top."""


class Headings(NamedTuple):
    """The row (from 1) that holds the headings, and the column (from 0) of each."""

    number: int
    columns: Mapping[str, int]


def tab_of(book: Book, layout: Layout) -> str | None:
    """The first sheet whose name says that it holds this table."""
    return next((name for name in book.names if layout.tab in name), None)


def read_rows(book: Book, layout: Layout) -> Iterator[Row]:
    """The rows below the headings of the table's sheet.

    Raises:
        Unreadable: there is no such sheet, or no such headings in it.
    """
    name = tab_of(book, layout)
    if name is None:
        raise Unreadable(
            layout.tab,
            zh=f"缺少名称含“{layout.tab}”的工作表。请使用 kaipiao 生成的模板。",
            en=f"there is no sheet with {layout.tab} in its name. Start from our template.",
        )
    rows = book.rows(name)
    headings = find_headings(rows, name, layout)
    if headings is None:
        raise _no_headings(name, [KEY])
    yield from _below(rows, name, layout, headings, book.formulas[name])


def read_all_rows(book: Book, layout: Layout) -> Iterator[Row]:
    """The rows of every sheet that holds this table; one without headings holds none.

    The tax bureau's template has a sheet for each trade, most of them never filled in.
    """
    for name in book.names:
        if layout.tab in name:
            rows = book.rows(name)
            headings = find_headings(rows, name, layout)
            if headings is not None:
                yield from _below(rows, name, layout, headings, book.formulas[name])


def find_headings(
    rows: Iterator[tuple[int, list[Cell]]], name: str, layout: Layout
) -> Headings | None:
    """Read ``rows`` down to the row of headings; None if there is none near the top.

    Raises:
        Unreadable: it lacks a heading that there must be, or has one twice.
    """
    for number, cells in rows:
        columns: dict[str, int] = {}
        repeated: set[str] = set()
        for column, cell in enumerate(cells):
            if cell != "":
                heading = heading_of(cell)
                repeated |= {heading} & columns.keys()
                columns.setdefault(heading, column)
        if KEY in columns:
            _check_headings(name, layout, columns, repeated)
            return Headings(number, columns)
        if number >= HEADINGS_WITHIN:
            break
    return None


def _check_headings(
    name: str, layout: Layout, columns: Mapping[str, int], repeated: set[str]
) -> None:
    if missing := [heading for heading in layout.required if heading not in columns]:
        raise _no_headings(name, missing)
    if twice := sorted(repeated & layout.known):
        raise Unreadable(
            name, zh=f"列名重复: {twice[0]}。", en=f"two columns are called {twice[0]}."
        )


def _below(
    rows: Iterator[tuple[int, list[Cell]]],
    name: str,
    layout: Layout,
    headings: Headings,
    formulas: frozenset[Place],
) -> Iterator[Row]:
    places = list(headings.columns.items())
    unknown = headings.columns.keys() - layout.known - PASSED_OVER
    for number, cells in rows:
        found = {heading: cells[column] for heading, column in places if cells[column] != ""}
        if found:
            row = Row(name, number, headings.columns, found)
            _check_row(row, unknown, headings.columns, formulas)
            yield row


def _check_row(
    row: Row, unknown: set[str], columns: Mapping[str, int], formulas: frozenset[Place]
) -> None:
    """A formula, or something under a heading that we do not know, is a fault."""
    if unknown and row.holds(unknown):
        for heading in filter(row.text, sorted(unknown)):
            row.fault(
                heading,
                "sheet-column-unknown",
                zh="此列无法识别, 不能忽略其内容。请更正列名或删除此列",
                en="is a column we do not know. Correct the heading or delete the column",
            )
    for heading, column in columns.items() if formulas else ():
        if (row.number, column) in formulas:
            row.fault(
                heading,
                "sheet-formula",
                zh="是公式, 其结果可能已过时。请选择性粘贴为数值",
                en="is a formula, whose result may be stale. Paste it as a value",
            )


def _no_headings(name: str, missing: list[str]) -> Unreadable:
    return Unreadable(
        name,
        zh=f"缺少列: {'、'.join(missing)}。请使用模板的列名。",
        en=f"these columns are missing: {', '.join(missing)}. Use the template's headings.",
    )
