"""The book of a run survives whatever dies while it is written."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kaipiao.continuity.shadow.book import Book, Divergence, Tally

BEGUN = Tally(started_at=datetime(2026, 11, 25, tzinfo=UTC), next_index=0)


def found(index: int) -> Divergence:
    return Divergence(index=index, key=f"sale-{index}", seller="s", kind="refused", here={"a": 1})


def test_what_was_written_behind_the_last_tally_is_not_told_and_not_kept(tmp_path: Path) -> None:
    book = Book(tmp_path)
    tally = book.open(BEGUN)
    book.write(msgspec.structs.replace(tally, next_index=5, only_here=1), [found(3)])
    with (tmp_path / "divergences.ndjson").open("ab") as journal:
        journal.write(msgspec.json.encode(found(6)) + b'\n{"index": 7, "k')  # then killed

    assert [one.index for one in book.divergences()] == [3]

    again = book.open(BEGUN)
    book.write(msgspec.structs.replace(again, next_index=9, only_here=3), [found(6), found(7)])

    assert again.next_index == 5
    assert [one.index for one in book.divergences()] == [3, 6, 7]


def test_nobody_else_may_read_the_invoices_in_it(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.write(book.open(BEGUN), [found(1)])

    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}
