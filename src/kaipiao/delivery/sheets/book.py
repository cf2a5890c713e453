"""What every file with tables offers, whatever its format."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Protocol

Cell = int | float | str | bool | datetime | date | time | timedelta

MAX_CELLS = 6_000_000
"""Rows times columns of one sheet: 200,000 lines of thirty columns."""

Place = tuple[int, int]
"""A cell's row (from 1) and column (from 0)."""


class Book(Protocol):
    """Tables by name, and where the formulas in them are.  ``rows`` may raise Unreadable."""

    formulas: Mapping[str, frozenset[Place]]

    @property
    def names(self) -> tuple[str, ...]: ...

    def rows(self, name: str) -> Iterator[tuple[int, list[Cell]]]:
        """Every row that is not blank, with its number (from 1), from column A on."""
        ...


def column_letters(index: int) -> str:
    """0 is ``A``, 26 is ``AA``."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
