"""Splitting rows into pages.

A page that is not the last has rows down to its subtotal; the last also has the totals, the
words and the remark, and so less room.  Every page repeats the names of its columns.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.parts import Page, Row, Sums, Table, sums

ROW_LINES = 5
"""A taller row is continued as a further row, so that any row fits even on the last page."""


class Room(NamedTuple):
    """Millimetres for rows and the names of their columns."""

    only: float
    last: float
    other: float


class _Placed(NamedTuple):
    """A row and the index of its table."""

    table: int
    row: Row


def room_of(party_height: float, remark_lines: int) -> Room:
    """What the parties above and the totals and the remark below leave."""
    other = paper.BOTTOM - paper.TOP - party_height - paper.SUBTOTAL_HEIGHT
    foot = paper.TOTAL_HEIGHT + paper.WORDS_HEIGHT + paper.remark_height(remark_lines)
    return Room(other + paper.SUBTOTAL_HEIGHT - foot, other - foot, other)


def split_pages(tables: tuple[Table, ...], room: Room, *, starred: bool) -> tuple[Page, ...]:
    """All rows in their order; no page but the last has room to spare for its next row."""
    left = [
        _Placed(index, piece)
        for index, table in enumerate(tables)
        for row in table.rows
        for piece in _pieces(row)
    ]
    if _height(left) <= room.only:
        return (Page(tables=tuple(_tables(tables, left))),)
    assert room.last >= paper.HEAD_HEIGHT + ROW_LINES * paper.BODY_PITCH
    pages = []
    while _height(left) > room.last:
        count = min(_fitting(left, room.other), len(left) - 1)
        pages.append(_page(tables, left[:count], starred=starred))
        left = left[count:]
    return (*pages, _page(tables, left, starred=starred))


def _pieces(row: Row) -> Iterator[Row]:
    """The row itself, or as many rows as it needs; the first bears the amounts."""
    yield Row(
        cells=tuple(cell[:ROW_LINES] for cell in row.cells),
        net_fen=row.net_fen,
        tax_fen=row.tax_fen,
    )
    for start in range(ROW_LINES, row.line_count, ROW_LINES):
        yield Row(cells=tuple(cell[start : start + ROW_LINES] or ("",) for cell in row.cells))


def _height(rows: list[_Placed]) -> float:
    heads = len({placed.table for placed in rows}) * paper.HEAD_HEIGHT
    return heads + sum(placed.row.line_count for placed in rows) * paper.BODY_PITCH


def _fitting(rows: list[_Placed], room_mm: float) -> int:
    """How many rows from the first on fit; at least one."""
    used, table = 0.0, -1
    for count, placed in enumerate(rows):
        used += placed.row.line_count * paper.BODY_PITCH
        used += paper.HEAD_HEIGHT if placed.table != table else 0.0
        if used > room_mm:
            return max(1, count)
        table = placed.table
    return len(rows)


def _page(tables: tuple[Table, ...], rows: list[_Placed], *, starred: bool) -> Page:
    items = [placed.row for placed in rows if tables[placed.table].is_items]
    subtotal: Sums | None = None
    if items:
        net_fen, tax_fen = sum(r.net_fen for r in items), sum(r.tax_fen for r in items)
        subtotal = sums(net_fen, tax_fen, starred=starred)
    return Page(tables=tuple(_tables(tables, rows)), subtotal=subtotal)


def _tables(tables: tuple[Table, ...], rows: list[_Placed]) -> Iterator[Table]:
    for index, placed in groupby(rows, key=lambda placed: placed.table):
        own = tables[index]
        yield Table(columns=own.columns, rows=tuple(p.row for p in placed), is_items=own.is_items)
