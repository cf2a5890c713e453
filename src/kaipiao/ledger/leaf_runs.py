"""All leaves of a log from the first on, as they are stored: whole batches, read ahead.

``Order.leaves`` answers who wants some; this is for who wants all twenty million of them, once.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from kaipiao.fiscal.leaf import LEAF_BYTES
from kaipiao.ledger.announcements import SERIES as ANNOUNCED
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.pool import Pool

BATCHES_AT_ONCE = 256
"""A batch has at most 10,000 leaves, and mostly some hundred: 16 KB."""

EVENTS_AT_ONCE = 16_384

_INVOICES = f"""
SELECT l.first_index, l.series, l.first_serial, coalesce(b.leaves, a.leaf) AS leaves
  FROM log_batch AS l LEFT JOIN batch AS b USING (series, first_serial)
       LEFT JOIN log_announcement AS a
              ON l.series = {ANNOUNCED} AND a.announcement_id = l.first_serial
 WHERE l.first_index >= $1 ORDER BY l.first_index LIMIT $2
"""
_EVENTS = "SELECT leaf FROM audit_leaf WHERE log_index >= $1 ORDER BY log_index LIMIT $2"


async def invoice_leaves(pool: Pool, shelf: Shelf) -> AsyncGenerator[bytes, None]:
    """Leaves of the invoices' log in their order, 32 bytes each, some thousands at a time.

    Raises:
        Outage: the ledger or a file of the archive is away.
    """
    at = 0
    reading = asyncio.create_task(pool.fetch(_INVOICES, at, BATCHES_AT_ONCE))
    try:
        while rows := await reading:
            joined = b"".join([await _leaves(shelf, row) for row in rows])
            at += len(joined) // LEAF_BYTES
            # Asked for before these are looked at: the server works while we hash.
            reading = asyncio.create_task(pool.fetch(_INVOICES, at, BATCHES_AT_ONCE))
            await asyncio.sleep(0)
            yield joined
    finally:
        reading.cancel()


async def audit_leaves(pool: Pool) -> AsyncGenerator[bytes, None]:
    """The same of the audit log.  Raises Outage."""
    at = 0
    while rows := await pool.fetch(_EVENTS, at, EVENTS_AT_ONCE):
        yield b"".join([row["leaf"] for row in rows])
        at += len(rows)


async def _leaves(shelf: Shelf, row: Any) -> bytes:
    if (leaves := row["leaves"]) is not None:
        return bytes(leaves)
    return await shelf.leaves(row["series"], row["first_serial"])
