"""The judge's findings as the numbers that a journal promises."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from kaipiao.continuity.drill.books import Books
from kaipiao.continuity.drill.heard import Heard
from kaipiao.continuity.drill.judge import (
    missing_serials,
    no_key_twice,
    no_number_twice,
    nothing_is_lost,
    one_log,
)
from kaipiao.evidence.checkpoint import Checkpoint


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """``acknowledged_lost``: receipts whose invoice is not there, or is another one."""

    acknowledged: int
    acknowledged_lost: int
    duplicates: int
    gaps: int
    overdrawn: int
    root_extends: bool


def count(books: Books, heard: Heard, seen: Mapping[str, Sequence[Checkpoint]]) -> Tally:
    """``seen``: the checkpoints each member published, in their order."""
    return Tally(
        acknowledged=len(heard.receipts),
        acknowledged_lost=_many(nothing_is_lost(books, heard)),
        duplicates=_many(no_number_twice(books, heard)) + _many(no_key_twice(books, heard)),
        gaps=sum(len(missing) for missing in missing_serials(books).values()),
        overdrawn=sum(line.drawn_fen > line.limit_fen for line in books.credit.values()),
        root_extends=not any(_many(one_log(books, each)) for each in seen.values()),
    )


def _many(findings: Iterable[str]) -> int:
    return sum(1 for _ in findings)
