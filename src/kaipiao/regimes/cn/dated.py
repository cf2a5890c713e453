"""Dated data: a row of law that holds from one day to another."""

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

import msgspec


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """Holds from ``since`` to ``until``, both included; ``until`` None means no end is known."""

    since: date
    until: date | None = None
    source: str

    def holds(self, on: date) -> bool:
        return self.since <= on and (self.until is None or on <= self.until)


D = TypeVar("D", bound=Dated)


def in_force(rows: Iterable[D], on: date) -> tuple[D, ...]:
    """The rows that hold on that day, in their order."""
    return tuple(row for row in rows if row.holds(on))
