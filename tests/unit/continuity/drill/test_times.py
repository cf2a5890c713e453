"""Along a block of numbers time goes on, but for the steps that a clock was made to take."""

from datetime import UTC, datetime, timedelta

import pytest

from kaipiao.continuity.drill.books import Books
from kaipiao.continuity.drill.heard import Heard, Told, Totals
from kaipiao.continuity.drill.times import judge_times, steps_back_s
from kaipiao.ledger.inventory import Block

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR_S = 3_600


def told(*seconds: float, serial: int = 1) -> Heard:
    """One invoice after the other, dated so many seconds after noon."""
    heard = Heard()
    for place, second in enumerate(seconds):
        at = (NOON + timedelta(seconds=second)).isoformat()
        number = f"26311{serial + place:015}"
        heard.receipts["A", number] = Told(number, at, "A", number, "", Totals(1, 0, 1))
    return heard


@pytest.fixture
def books() -> Books:
    return Books(blocks=[Block(26311, 1, 10, 10), Block(26311, 11, 20, 20)])


def test_time_that_goes_on_is_no_finding(books: Books) -> None:
    assert list(judge_times(books, told(0, 0, 1, 5), 0)) == []


def test_each_block_has_a_time_of_its_own(books: Books) -> None:
    heard = told(100, 101)
    heard.receipts |= told(0, 1, serial=11).receipts

    assert list(judge_times(books, heard, 0)) == []


def test_time_that_goes_back_where_no_clock_was_stepped_is_told(books: Books) -> None:
    heard = told(5, 3)

    assert steps_back_s(books, heard) == [("26311000000000000002", 2.0)]
    assert "2.0 s before" in next(judge_times(books, heard, 0))


@pytest.mark.parametrize("seconds", [(0, 3_602, 4), (0, -3_598, 4)])
def test_a_step_and_its_undo_are_what_they_are(books: Books, seconds: tuple[float, ...]) -> None:
    step_s = HOUR_S if seconds[1] > 0 else -HOUR_S

    assert list(judge_times(books, told(*seconds), step_s)) == []
    assert len(steps_back_s(books, told(*seconds))) == 1


def test_more_than_the_step_is_told(books: Books) -> None:
    assert "before the number before it" in next(judge_times(books, told(0, 7_202, 4), HOUR_S))


def test_a_clock_that_was_not_stepped_proves_nothing(books: Books) -> None:
    assert "it was not stepped" in next(judge_times(books, told(0, 1, 2), -HOUR_S))
