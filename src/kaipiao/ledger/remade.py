"""The log's leaves made again, each from the invoice it stands for and not from what is stored.

Two programs that read the same ledger and arrive at the same root understand every invoice in it
alike: the shadow reading of a release.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from kaipiao.ledger.announcements import SERIES as ANNOUNCED
from kaipiao.ledger.archive.file import leaves_of
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.batch import Unpacked
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.reads import unpack

BATCHES_AT_ONCE = 16
"""A batch is at most 10,000 invoices, and mostly under a megabyte."""

_BATCHES = f"""
SELECT l.first_index, l.series, l.first_serial, a.leaf,
       b.count, b.issued_at, b.secret, b.payload
  FROM log_batch AS l LEFT JOIN batch AS b USING (series, first_serial)
       LEFT JOIN log_announcement AS a
              ON l.series = {ANNOUNCED} AND a.announcement_id = l.first_serial
 WHERE l.first_index >= $1 ORDER BY l.first_index LIMIT $2
"""


async def remade_leaves(pool: Pool, shelf: Shelf, size: int) -> AsyncIterator[list[bytes]]:
    """The first ``size`` leaves, some at a time; fewer if the ledger has fewer.

    Raises:
        Outage: in the middle, perhaps; begin again.
    """
    at = 0
    while at < size:
        rows = await pool.fetch(_BATCHES, at, BATCHES_AT_ONCE)
        if not rows:
            return
        archived = await _archived(shelf, rows)
        for row in rows:
            leaves = _leaves(row, archived)[: size - at]
            at += len(leaves)
            yield leaves


async def _archived(shelf: Shelf, rows: Sequence[Any]) -> dict[tuple[int, int], Unpacked]:
    places = [
        (row["series"], row["first_serial"])
        for row in rows
        if row["payload"] is None and row["leaf"] is None
    ]
    return {(one.series, one.first_serial): one for one in await shelf.batches(places)}


def _leaves(row: Any, archived: dict[tuple[int, int], Unpacked]) -> list[bytes]:
    if row["leaf"] is not None:
        return [row["leaf"]]
    if row["payload"] is not None:
        return leaves_of(unpack(row))
    return leaves_of(archived[row["series"], row["first_serial"]])
