"""The rows of the tables, under the names of their columns."""

from collections.abc import Iterator

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.marks import CENTRE, Mark, Stroke, Text
from kaipiao.delivery.renditions.face.measure import fit
from kaipiao.delivery.renditions.face.parts import Column, Page, Table


def table_marks(page: Page, top: float, first_row: int) -> Iterator[Mark]:
    for at, table in enumerate(page.tables):
        if at:
            yield Stroke(x1=paper.LEFT, y1=top + 0.8, x2=paper.RIGHT, y2=top + 0.8, width=0.12)
        yield from _titles(table, top)
        top += paper.HEAD_HEIGHT
        for row in table.rows:
            yield from _cells(table, row.cells, top, f"row.{first_row}")
            top += row.line_count * paper.BODY_PITCH
            first_row += 1


def _titles(table: Table, top: float) -> Iterator[Mark]:
    y = top + paper.HEAD_HEIGHT / 2 + 0.3 + paper.BODY_SIZE * CENTRE
    for column, x in _columns(table):
        yield Text(
            x=x, y=y, size=paper.BODY_SIZE, text=column.title, align=column.align, color="label"
        )


def _cells(
    table: Table, cells: tuple[tuple[str, ...], ...], top: float, field: str
) -> Iterator[Mark]:
    first = top + paper.BODY_PITCH / 2 + paper.BODY_SIZE * CENTRE
    for (column, x), cell in zip(_columns(table), cells, strict=True):
        room = column.width_mm - 2 * paper.PADDING
        for at, text in enumerate(cell):
            yield Text(
                x=x,
                y=first + at * paper.BODY_PITCH,
                size=fit(text, paper.BODY_SIZE, room),
                text=text,
                align=column.align,
                field=f"{field}.{column.title}",
            )


def _columns(table: Table) -> Iterator[tuple[Column, float]]:
    """Each column and where its texts are set: at its left, its middle or its right."""
    left = paper.LEFT
    for column in table.columns:
        width = column.width_mm
        inset = {"left": paper.PADDING, "center": width / 2, "right": width - paper.PADDING}
        yield column, left + inset[column.align]
        left += width
