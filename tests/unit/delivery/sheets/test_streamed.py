"""A workbook written row by row is one that readers read, to the cell."""

import io
import zipfile
from datetime import date, datetime, time

from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from kaipiao.delivery.sheets.book import Cell
from kaipiao.delivery.sheets.streamed import MAX_TEXT, StreamedWorkbook, Yuan
from kaipiao.delivery.sheets.workbook import Workbook

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).map(str.strip)
CELL = st.one_of(
    TEXT,
    st.floats(-1e12, 1e12, allow_nan=False),
    st.dates(date(1901, 1, 1), date(2999, 1, 1)),
    st.datetimes(datetime(1901, 1, 1), datetime(2999, 1, 1)).map(
        lambda t: t.replace(microsecond=0)
    ),
)


def written(rows: list[list[Cell]], **begin: object) -> bytes:
    file = io.BytesIO()
    with StreamedWorkbook(file) as book:
        book.begin("清单", **begin)  # type: ignore[arg-type]
        for row in rows:
            book.write(row)
    return file.getvalue()


@given(st.lists(st.lists(CELL, min_size=1, max_size=6), min_size=1, max_size=6))
def test_every_cell_is_read_back_as_it_was_written(rows: list[list[Cell]]) -> None:
    book = Workbook(written(rows))

    found = dict(book.rows("清单"))
    for number, row in enumerate(rows, 1):
        kept = [_as_read(cell) for cell in row]
        read = [_as_read(cell) for cell in found.get(number, [])][: len(kept)]
        assert read + [""] * (len(kept) - len(read)) == kept


def _as_read(cell: Cell) -> Cell:
    """A day is midnight; a whole number has no point; nothing at all is no text."""
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == time() else cell
    return float(cell) if isinstance(cell, int | float) else cell


def test_signs_that_no_file_may_hold_are_left_out_and_long_texts_cut() -> None:
    (row,) = [
        row for _, row in Workbook(written([["a\x00b\x1f", "x" * 40_000, '<&>"']])).rows("清单")
    ]

    assert row == ["ab", "x" * MAX_TEXT, '<&>"']


def test_no_text_becomes_a_formula() -> None:
    book = Workbook(written([["=1+1", "+1", "@x"]]))

    assert book.formulas["清单"] == frozenset()
    assert [row for _, row in book.rows("清单")] == [["=1+1", "+1", "@x"]]


def test_the_same_rows_make_the_same_bytes() -> None:
    assert written([["a", Yuan(1.5)]]) == written([["a", Yuan(1.5)]])


def test_a_full_sheet_goes_on_in_the_next() -> None:
    file = io.BytesIO()
    with StreamedWorkbook(file) as book:
        book.begin("清单", head=["号码"])
        book.write(["1"])
        book.write(["last"], number=1_048_576)
        book.write(["2"])
    found = CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue()))

    assert found.sheet_names == ["清单", "清单 2"]
    assert found.get_sheet_by_name("清单 2").to_python() == [["号码"], ["2"]]


def test_bytes_go_out_long_before_the_last_row() -> None:
    file = io.BytesIO()
    with StreamedWorkbook(file) as book:
        book.begin("清单")
        for n in range(20_000):
            book.write([f"{n:020}", f"name {n * 7919}"])
        before_the_end = file.tell()
    assert before_the_end > 50_000
    assert zipfile.ZipFile(io.BytesIO(file.getvalue())).testzip() is None
