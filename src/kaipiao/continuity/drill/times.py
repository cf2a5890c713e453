"""When invoices say they were issued: along a block of numbers, time goes on.

A block belongs to one process, which dates by its member's clock.  So times go back along a
block only where that clock was set back, and by no more and no less.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from kaipiao.continuity.drill.books import Books
from kaipiao.continuity.drill.heard import Heard, Told

NEAR_S = 10.0
"""A step is seen between two invoices, so that much else may lie between them."""

SERIAL_DIGITS = 15


def steps_back_s(books: Books, heard: Heard) -> list[tuple[str, float]]:
    """The numbers that are dated before the number before them, and by how many seconds."""
    found = []
    for told in _by_block(books, heard):
        for before, after in pairwise(sorted(told, key=lambda one: one.number)):
            back_s = (_instant(before) - _instant(after)).total_seconds()
            if back_s > 0:
                found.append((after.number, back_s))
    return found


def judge_times(books: Books, heard: Heard, clock_s: int) -> Iterator[str]:
    """What no step of a clock by ``clock_s`` explains; and whether there was one at all."""
    for number, back_s in steps_back_s(books, heard):
        if not clock_s or abs(back_s - abs(clock_s)) > NEAR_S:
            yield f"{number} is dated {back_s} s before the number before it"
    if clock_s and not _spans(heard, abs(clock_s)):
        yield f"no invoice is dated by a clock that is {clock_s} s off: it was not stepped"


def _spans(heard: Heard, apart_s: int) -> bool:
    told = [_instant(one) for one in heard.receipts.values()]
    return bool(told) and (max(told) - min(told)).total_seconds() > apart_s - NEAR_S


def _by_block(books: Books, heard: Heard) -> Iterator[list[Told]]:
    """What callers were told, by the block that the number is of."""
    firsts = sorted((one.series, one.first_serial) for one in books.blocks)
    blocks: dict[int, list[Told]] = {}
    for told in heard.receipts.values():
        series, serial = int(told.number[:-SERIAL_DIGITS]), int(told.number[-SERIAL_DIGITS:])
        blocks.setdefault(bisect_right(firsts, (series, serial)), []).append(told)
    yield from blocks.values()


def _instant(told: Told) -> datetime:
    return datetime.fromisoformat(told.issued_at)
