"""Finding the rows of a sheet: which tab, which row holds the headings, what stands below."""

from collections.abc import Iterator

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.sheets.cells import Row
from kaipiao.delivery.sheets.layout import KEY, KNOWN, PASSED_OVER, REQUIRED, heading_of
from kaipiao.delivery.sheets.workbook import Cell, Workbook

HEADINGS_WITHIN = 20
"""The headings are looked for in this many rows from the top."""

EXTRA_SHEETS = ("附加要素", "特定业务")


def read_rows(book: Workbook, layout: str, tab: str) -> Iterator[Row]:
    """The rows below the headings of the first sheet whose name holds ``tab``."""
    name = next((name for name in book.names if tab in name), None)
    if name is None:
        raise Unreadable(
            layout,
            zh=f"缺少名称含“{tab}”的工作表。请使用 kaipiao 生成的模板。",
            en=f"there is no sheet with {tab} in its name. Start from our template.",
        )
    columns: dict[str, int] = {}
    for number, cells in book.rows(name):
        if columns:
            found = {
                heading: (column, cells[column])
                for heading, column in columns.items()
                if cells[column] != ""
            }
            if found:
                yield _row(name, number, found, layout, book.formulas[name])
        elif number <= HEADINGS_WITHIN:
            columns = _headings(name, layout, cells)
    if not columns:
        raise _no_headings(name, [KEY])


def read_extras(book: Workbook) -> dict[str, str]:
    """By key, the first place on a sheet that we cannot carry over: 附加要素, 特定业务.

    The tax bureau's template has such sheets, mostly empty.  What is filled in there belongs
    on the invoice, so it must not be dropped in silence.
    """
    extras: dict[str, str] = {}
    for name in book.names:
        if not any(word in name for word in EXTRA_SHEETS):
            continue
        place = -1
        for number, cells in book.rows(name):
            headings = [heading_of(cell) for cell in cells]
            if place < 0:
                place = headings.index(KEY) if KEY in headings else -1
            elif cells[place] != "":
                row = Row(name, number, {KEY: (place, cells[place])})
                extras.setdefault(row.text(KEY), row.where)
    return extras


def _row(
    name: str,
    number: int,
    cells: dict[str, tuple[int, Cell]],
    layout: str,
    formulas: frozenset[tuple[int, int]],
) -> Row:
    """One row; a formula in it, or something under a heading we do not know, is a fault."""
    row = Row(name, number, cells)
    for heading, (column, _) in cells.items():
        if heading not in KNOWN[layout] | PASSED_OVER:
            row.fault(
                heading,
                "sheet-column-unknown",
                zh="此列无法识别, 不能忽略其内容。请更正列名或删除此列",
                en="is a column we do not know. Correct the heading or delete the column",
            )
        if (number, column) in formulas:
            row.fault(
                heading,
                "sheet-formula",
                zh="是公式, 其结果可能已过时。请选择性粘贴为数值",
                en="is a formula, whose result may be stale. Paste it as a value",
            )
    return row


def _headings(name: str, layout: str, cells: list[Cell]) -> dict[str, int]:
    """The column of each heading, if this is the row of headings."""
    columns: dict[str, int] = {}
    repeated = ""
    for column, cell in enumerate(cells):
        if cell != "":
            heading = heading_of(cell)
            repeated = repeated or (heading if heading in columns else "")
            columns.setdefault(heading, column)
    if KEY not in columns:
        return {}
    if missing := [heading for heading in REQUIRED[layout] if heading not in columns]:
        raise _no_headings(name, missing)
    if repeated in KNOWN[layout]:
        raise Unreadable(
            name, zh=f"列名重复: {repeated}。", en=f"two columns are called {repeated}."
        )
    return columns


def _no_headings(name: str, missing: list[str]) -> Unreadable:
    return Unreadable(
        name,
        zh=f"缺少列: {'、'.join(missing)}。请使用模板的列名。",
        en=f"these columns are missing: {', '.join(missing)}. Use the template's headings.",
    )
