"""Invoices in the order of the evidence log, whoever sold them: what a shadow run repeats."""

from typing import Any, NamedTuple

from kaipiao.fiscal.invoice import Invoice
from kaipiao.ledger.announcements import SERIES as ANNOUNCED
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.batch import Unpacked
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.reads import unpack

_BATCHES = """
SELECT l.first_index, l.count, l.series, l.first_serial, b.issued_at, b.secret, b.payload
  FROM log_batch AS l LEFT JOIN batch AS b USING (series, first_serial)
 WHERE l.first_index >= coalesce(
           (SELECT max(first_index) FROM log_batch WHERE first_index <= $1), 0)
   AND l.first_index + l.count > $1
 ORDER BY l.first_index LIMIT $2
"""
_SELLERS = "SELECT seller FROM credit_standing WHERE seller > $1 ORDER BY seller LIMIT $2"
BATCHES_AT_ONCE = 4
"""A batch is at most 10,000 invoices, and mostly under a megabyte."""


class Stretch(NamedTuple):
    """A piece of the log: its invoices, and where the next piece begins.

    ``passed`` counts what is no invoice any more, or never was one: erased ones, announcements.
    """

    invoices: list[Invoice]
    passed: int
    next_index: int


class InOrder:
    """Reads only, and never more than a few batches at once."""

    def __init__(self, pool: Pool, shelf: Shelf) -> None:
        self._pool = pool
        self._shelf = shelf

    async def size(self) -> int:
        """How many entries the log has."""
        size: int = await self._pool.fetchval("SELECT size FROM log_state")
        return size

    async def sellers(self, after: str, limit: int) -> list[str]:
        """Who was granted credit, in order; those behind ``after``."""
        rows = await self._pool.fetch(_SELLERS, after, limit)
        return [row["seller"] for row in rows]

    async def stretch(self, start: int, limit: int) -> Stretch:
        """At most ``limit`` entries from ``start`` on; none, if the log ends there.

        Raises:
            Outage: the database does not answer, or the archive is away.
        """
        rows = await self._pool.fetch(_BATCHES, start, BATCHES_AT_ONCE)
        invoices, passed, at = [], 0, start
        for row in rows:
            batch = await self._batch(row)
            for index in range(at, min(row["first_index"] + row["count"], start + limit)):
                serial = row["first_serial"] + index - row["first_index"]
                if batch is None or batch.is_erased(serial):
                    passed += 1
                else:
                    invoices.append(batch.invoice(serial))
                at = index + 1
        return Stretch(invoices, passed, at)

    async def _batch(self, row: Any) -> Unpacked | None:
        """None for what the log says of itself."""
        if row["series"] == ANNOUNCED:
            return None
        if row["payload"] is not None:
            return unpack(row)
        batch = await self._shelf.batch(row["series"], row["first_serial"])
        assert batch is not None, "a batch in the log is in the database or in the archive"
        return batch
