"""The order of the evidence log, and the look-ups derived from it.

A committed batch waits in the outbox for its place.  ``sequence`` gives places in one
transaction: delete from the outbox, append to ``log_batch``, derive the rows by which
invoices are found by seller and digest, advance ``log_state``.  The row lock on ``log_state``
makes two sequencers take turns.  If we crash in between, nothing of it happened.
"""

from typing import Any

import msgspec

from kaipiao.base.canonical import digest
from kaipiao.fiscal.leaf import LEAF_BYTES
from kaipiao.fiscal.month import tax_month
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.batch import Blob, digest8, seller8
from kaipiao.ledger.pool import Pool

BATCHES_AT_ONCE = 200

_TAKE = """
WITH next AS (
    SELECT series, first_serial FROM outbox WHERE topic = 'evidence'
     ORDER BY queued_at, series, first_serial LIMIT $1
), gone AS (
    DELETE FROM outbox AS o USING next
     WHERE o.topic = 'evidence' AND o.series = next.series AND o.first_serial = next.first_serial
    RETURNING o.series, o.first_serial, o.queued_at
)
SELECT b.series, b.first_serial, b.count, b.issued_at, b.payload
  FROM gone JOIN batch AS b USING (series, first_serial)
 ORDER BY gone.queued_at, b.series, b.first_serial
"""
_LEAVES = """
SELECT l.first_index, l.series, l.first_serial, b.leaves
  FROM log_batch AS l LEFT JOIN batch AS b USING (series, first_serial)
 WHERE l.first_index >= coalesce(
           (SELECT max(first_index) FROM log_batch WHERE first_index <= $1), 0)
 ORDER BY l.first_index LIMIT $2
"""


class Derived(msgspec.Struct):
    """Columns of ``invoice_index``, and the batches' places."""

    places: list[tuple[int, int, int, int]]
    rows: list[tuple[int, int, int, Any, int]]
    size: int


class Order:
    def __init__(self, pool: Pool, shelf: Shelf) -> None:
        self._pool = pool
        self._shelf = shelf

    async def sequence(self) -> int:
        """Order every waiting batch; the log's size afterwards."""
        while True:
            size, ordered = await self._sequence_some()
            if ordered < BATCHES_AT_ONCE:
                return size

    async def _sequence_some(self) -> tuple[int, int]:
        async with self._pool.transaction() as connection:
            size = await connection.fetchval("SELECT size FROM log_state FOR UPDATE")
            batches = await connection.fetch(_TAKE, BATCHES_AT_ONCE)
            if not batches:
                return size, 0
            derived = derive(batches, size)
            for month in sorted({row[-1] for row in derived.rows}):
                await connection.execute("SELECT ensure_index_partition($1)", month)
            await connection.copy_records_to_table("log_batch", records=derived.places)
            await connection.copy_records_to_table("invoice_index", records=derived.rows)
            await connection.execute("UPDATE log_state SET size = $1", derived.size)
            return derived.size, len(batches)

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        """Ordered leaves from ``start`` on; at most about ``limit``, none past the end."""
        leaves: list[bytes] = []
        rows = await self._pool.fetch(_LEAVES, start, max(1, limit // 10))
        for row in rows:
            joined, first = row["leaves"], row["first_index"]
            if joined is None:
                joined = await self._shelf.leaves(row["series"], row["first_serial"])
            skip = max(0, start - first) * LEAF_BYTES
            leaves += [joined[n : n + LEAF_BYTES] for n in range(skip, len(joined), LEAF_BYTES)]
            if len(leaves) >= limit:
                break
        return leaves

    async def waiting(self) -> int:
        """Batches that have no place yet."""
        count: int = await self._pool.fetchval(
            "SELECT count(*) FROM outbox WHERE topic = 'evidence'"
        )
        return count


def derive(batches: list[Any], size: int) -> Derived:
    """What the next places in the log say about their invoices."""
    derived = Derived([], [], size)
    for batch in batches:
        series, first_serial = batch["series"], batch["first_serial"]
        issued_at = batch["issued_at"]
        month = tax_month(issued_at)
        derived.places.append((derived.size, batch["count"], series, first_serial))
        for stored in Blob(batch["payload"]):
            mark = digest8(digest(stored.draft))
            row = (derived.size, seller8(stored.seller), mark, issued_at, month)
            derived.rows.append(row)
            derived.size += 1
    return derived
