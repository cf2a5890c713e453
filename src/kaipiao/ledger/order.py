"""The order of the evidence log, and the look-ups derived from it.

A committed batch waits in the outbox for its place.  ``sequence`` gives places in one
transaction: delete from the outbox, append to ``log_batch``, derive the rows by which
invoices are found by seller and digest, advance ``log_state``.  The row lock on ``log_state``
makes two sequencers take turns.  If we crash in between, nothing of it happened.

What the log announces of itself gets its place behind them, and no row to be found by.
"""

from datetime import UTC, datetime
from io import BytesIO
from struct import Struct
from typing import Any

import msgspec

from kaipiao.fiscal.leaf import LEAF_BYTES, microseconds
from kaipiao.fiscal.month import TaxMonth, tax_month
from kaipiao.ledger.announcements import SERIES as ANNOUNCED
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.batch import MARK_BYTES
from kaipiao.ledger.pool import Pool

BATCHES_AT_ONCE = 200

_marks = Struct(f"{MARK_BYTES}s{MARK_BYTES}s").iter_unpack
_row = Struct(f">hiqi{MARK_BYTES}si{MARK_BYTES}siqii").pack
"""Five fields, each behind its length: index, seller8, digest8, instant, month."""
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_TAIL = b"\xff\xff"
_SINCE_2000_US = microseconds(datetime(2000, 1, 1, tzinfo=UTC))
"""PostgreSQL counts from there."""

_TAKE = """
WITH next AS (
    SELECT series, first_serial FROM outbox WHERE topic = 'evidence'
     ORDER BY queued_at, series, first_serial LIMIT $1
), gone AS (
    DELETE FROM outbox AS o USING next
     WHERE o.topic = 'evidence' AND o.series = next.series AND o.first_serial = next.first_serial
    RETURNING o.series, o.first_serial, o.queued_at
)
SELECT b.series, b.first_serial, b.count, b.issued_at, b.marks
  FROM gone JOIN batch AS b USING (series, first_serial)
 ORDER BY gone.queued_at, b.series, b.first_serial
"""
_STATE = """
SELECT size, EXISTS (SELECT FROM log_announcement WHERE log_index IS NULL) AS announces
  FROM log_state FOR UPDATE OF log_state
"""
_ANNOUNCE = """
WITH placed AS (
    UPDATE log_announcement AS a SET log_index = $1 + n.place
      FROM (SELECT announcement_id, row_number() OVER (ORDER BY announcement_id) - 1 AS place
              FROM log_announcement WHERE log_index IS NULL) AS n
     WHERE a.announcement_id = n.announcement_id
    RETURNING a.announcement_id, a.log_index
)
INSERT INTO log_batch (first_index, count, series, first_serial)
SELECT log_index, 1, $2, announcement_id FROM placed
"""
_LEAVES = f"""
SELECT l.first_index, l.series, l.first_serial, coalesce(b.leaves, a.leaf) AS leaves
  FROM log_batch AS l LEFT JOIN batch AS b USING (series, first_serial)
       LEFT JOIN log_announcement AS a
              ON l.series = {ANNOUNCED} AND a.announcement_id = l.first_serial
 WHERE l.first_index >= coalesce(
           (SELECT max(first_index) FROM log_batch WHERE first_index <= $1), 0)
 ORDER BY l.first_index LIMIT $2
"""


class Derived(msgspec.Struct):
    """The batches' places, and the rows of ``invoice_index`` as COPY takes them."""

    places: list[tuple[int, int, int, int]]
    rows: list[bytes]
    months: set[TaxMonth]
    size: int

    @property
    def copy(self) -> BytesIO:
        """In COPY's binary format (PostgreSQL's manual, COPY, "Binary Format")."""
        return BytesIO(b"".join((_COPY_HEAD, *self.rows, _COPY_TAIL)))


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
            state = await connection.fetchrow(_STATE)
            size: int = state["size"]
            batches = await connection.fetch(_TAKE, BATCHES_AT_ONCE)
            if batches:
                size = await _place(connection, batches, size)
            if state["announces"]:
                size += await _announce(connection, size)
            if size > state["size"]:
                await connection.execute("UPDATE log_state SET size = $1", size)
            return size, len(batches)

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


async def _place(connection: Any, batches: list[Any], size: int) -> int:
    """Give these batches the next places; the log's size afterwards."""
    derived = derive(batches, size)
    for month in sorted(derived.months):
        await connection.execute("SELECT ensure_index_partition($1)", month)
    await connection.copy_records_to_table("log_batch", records=derived.places)
    await connection.copy_to_table("invoice_index", source=derived.copy, format="binary")
    return derived.size


async def _announce(connection: Any, size: int) -> int:
    """Give what is announced the next places; how many those are."""
    tag: str = await connection.execute(_ANNOUNCE, size, ANNOUNCED)
    return int(tag.rpartition(" ")[2])


def derive(batches: list[Any], size: int) -> Derived:
    """What the next places in the log say about their invoices."""
    derived = Derived([], [], set(), size)
    for batch in batches:
        count, issued_at, marks = batch["count"], batch["issued_at"], batch["marks"]
        month, since_2000 = tax_month(issued_at), microseconds(issued_at) - _SINCE_2000_US
        first = derived.size
        derived.places.append((first, count, batch["series"], batch["first_serial"]))
        derived.rows += [
            _row(5, 8, log_index, 8, seller, 8, digest, 8, since_2000, 4, month)
            for log_index, (seller, digest) in enumerate(_marks(marks), first)
        ]
        derived.months.add(month)
        derived.size += count
    return derived
