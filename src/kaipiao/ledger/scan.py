"""A seller's invoices by the thousand, in the order of the log: each batch is read and unpacked
once, and no more than a few batches are in memory, however many invoices there are.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.month import BEIJING, tax_month
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.batch import Unpacked, seller8
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.reads import unpack

ROWS_AT_ONCE = 5_000
BATCHES_AT_ONCE = 16
"""A batch is at most 10,000 invoices, and mostly under a megabyte."""

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
_ROWS = """
WITH found AS (
    SELECT log_index FROM invoice_index
     WHERE seller8 = $1 AND log_index >= $2 AND log_index < $3
       AND month BETWEEN $4 AND $5 AND issued_at >= $6 AND issued_at < $7
     ORDER BY log_index LIMIT $8
)
SELECT found.log_index, l.first_index, l.series, l.first_serial
  FROM found CROSS JOIN LATERAL (
           SELECT * FROM log_batch WHERE first_index <= found.log_index
            ORDER BY first_index DESC LIMIT 1
       ) AS l
 ORDER BY found.log_index
"""
_BATCHES = """
SELECT b.series, b.first_serial, b.count, b.issued_at, b.secret, b.payload, u.first_index
  FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS u (series, first_serial, first_index)
  JOIN batch AS b USING (series, first_serial)
"""


class _Held(NamedTuple):
    """A batch, and which of its places in the log are wanted."""

    first_index: int
    series: int
    first_serial: int
    wanted: tuple[int, ...]


class Scan:
    def __init__(self, pool: Pool, shelf: Shelf) -> None:
        self._pool = pool
        self._shelf = shelf

    async def invoices(
        self, seller: str, *, since: date | None = None, until: date | None = None
    ) -> AsyncIterator[Invoice]:
        """All that have a place in the log now, by Beijing days (both included).

        Raises:
            Outage: in the middle, perhaps; begin again.
        """
        size: int = await self._pool.fetchval("SELECT size FROM log_state")
        first = _midnight(since or _FIRST_DAY)
        last = _midnight(until or _LAST_DAY)
        after = 0
        while True:
            rows = await self._pool.fetch(
                _ROWS, seller8(seller), after, size, tax_month(first), tax_month(last),
                first, last + timedelta(days=1), ROWS_AT_ONCE,
            )  # fmt: skip
            holders = _holders(rows)
            for start in range(0, len(holders), BATCHES_AT_ONCE):
                some = holders[start : start + BATCHES_AT_ONCE]
                for holder, batch in zip(some, await self._batches(some), strict=True):
                    for index in holder.wanted:
                        serial = batch.first_serial + index - holder.first_index
                        if batch.is_erased(serial):
                            continue
                        invoice = batch.invoice(serial)
                        if (
                            invoice.draft.seller.taxpayer_id == seller
                        ):  # eight bytes may be another's
                            yield invoice
            if len(rows) < ROWS_AT_ONCE:
                return
            after = rows[-1]["log_index"] + 1

    async def _batches(self, holders: Sequence[_Held]) -> list[Unpacked]:
        """In the order given, from the database or from the archive."""
        rows = await self._pool.fetch(
            _BATCHES,
            [one.series for one in holders],
            [one.first_serial for one in holders],
            [one.first_index for one in holders],
        )
        found = {(row["series"], row["first_serial"]): unpack(row) for row in rows}
        places = [(one.series, one.first_serial) for one in holders]
        for batch in await self._shelf.batches([one for one in places if one not in found]):
            found[batch.series, batch.first_serial] = batch
        return [found[place] for place in places]


def _holders(rows: Sequence[Any]) -> list[_Held]:
    by_batch = groupby(rows, lambda row: (row["first_index"], row["series"], row["first_serial"]))
    return [_Held(*batch, tuple(row["log_index"] for row in some)) for batch, some in by_batch]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=BEIJING)
