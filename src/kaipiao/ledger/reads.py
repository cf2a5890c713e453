"""Reading invoices back: by number, by key, by digest, by seller.

A number names its batch by arithmetic, so there is no index with a row for each number.  What
needs one (seller, digest) is derived in log order by ``order.py``, off the issuing path.  What
is not in the database any more is on the shelf (``archive/``).
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import asyncpg

from kaipiao.base.canonical import Digest
from kaipiao.errors import InvoiceErased, Outage
from kaipiao.fiscal.invoice import Amounts, Invoice
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.month import BEIJING, tax_month
from kaipiao.fiscal.number import InvoiceNumber, Series, compose_number, split_number
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.batch import Blob, KeyId, Unpacked, digest8, seller8
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.queue import MAX_BATCH
from kaipiao.ledger.recent import Given
from kaipiao.ports import Page

MAX_BY_DIGEST = 100
MAX_TAIL_BATCHES = 500
"""Batches without a place in the log that a look-up by digest reads through; with more than
that behind, the honest answer is that we do not know."""

Serial = tuple[Series, int]

_BATCH = """
SELECT b.series, b.first_serial, b.count, b.issued_at, b.secret, b.payload, l.first_index
  FROM batch AS b LEFT JOIN log_batch AS l USING (series, first_serial)
"""
_BATCH_OF_SERIAL = (
    _BATCH
    + """
 WHERE b.series = $1 AND b.first_serial <= $2 AND b.first_serial > $2 - $3
   AND $2 < b.first_serial + b.count
"""
)
_BATCHES_OF_SERIALS = (
    """
WITH found AS (
    SELECT DISTINCT b.series, b.first_serial
      FROM unnest($1::integer[], $2::bigint[]) AS u (series, serial)
      JOIN batch AS b ON b.series = u.series AND b.first_serial <= u.serial
                     AND b.first_serial > u.serial - $3 AND u.serial < b.first_serial + b.count
)
"""
    + _BATCH
    + " JOIN found USING (series, first_serial)"
)
_TAIL = (
    _BATCH
    + """
  JOIN outbox AS o ON o.topic = 'evidence' AND o.series = b.series
                  AND o.first_serial = b.first_serial
 ORDER BY o.queued_at LIMIT $1
"""
)
_NUMBERS = """
SELECT found.log_index, l.series, l.first_serial + found.log_index - l.first_index AS serial
  FROM found CROSS JOIN LATERAL (
           SELECT * FROM log_batch WHERE first_index <= found.log_index
            ORDER BY first_index DESC LIMIT 1
       ) AS l
 ORDER BY found.log_index
"""
_PAGE = (
    """
WITH found AS (
    SELECT log_index FROM invoice_index
     WHERE seller8 = $1 AND log_index >= $2 AND log_index < $3
       AND month BETWEEN $4 AND $5 AND issued_at >= $6 AND issued_at < $7
     ORDER BY log_index LIMIT $8
)
"""
    + _NUMBERS
)
_OF_DIGEST = (
    """
WITH found AS (
    SELECT log_index FROM invoice_index WHERE digest8 = $1 ORDER BY log_index LIMIT $2
)
"""
    + _NUMBERS
)
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


class Reads:
    def __init__(self, pool: Pool, shelf: Shelf) -> None:
        self._pool = pool
        self._shelf = shelf

    async def invoice(self, number: InvoiceNumber) -> Invoice | None:
        """Raises InvoiceErased: there was one."""
        series, serial = split_number(number)
        batch = await self._batch(series, serial)
        if batch and batch.is_erased(serial):
            raise await erased(self._pool, series, serial)
        return batch.invoice(serial) if batch else None

    async def invoices(self, serials: Iterable[Serial]) -> list[Invoice]:
        """In the order given, without erased ones; each batch is read and unpacked once."""
        wanted = list(serials)
        rows = await self._pool.fetch(
            _BATCHES_OF_SERIALS, [one[0] for one in wanted], [one[1] for one in wanted], MAX_BATCH
        )
        holder = _holders(map(unpack, rows), wanted)
        archived = [one for one in wanted if one not in holder]
        holder |= _holders(await self._shelf.batches(archived), archived)
        return [holder[one].invoice(one[1]) for one in wanted if not holder[one].is_erased(one[1])]

    async def given(self, keys: Sequence[KeyId]) -> dict[KeyId, Given]:
        """What was asked and answered under those of ``keys`` that are taken."""
        rows = await self._pool.fetch(
            "SELECT key, series, serial FROM invoice_key WHERE key = ANY($1::uuid[])",
            [asyncpg.pgproto.pgproto.UUID(key) for key in keys],
        )
        given: dict[KeyId, Given] = {}
        for row in rows:
            batch = await self._batch(row["series"], row["serial"])
            assert batch is not None  # key and batch were stored by one transaction
            given[KeyId(row["key"].bytes)] = await self._given(batch, row["serial"])
        return given

    async def _given(self, batch: Unpacked, serial: int) -> Given:
        if batch.is_erased(serial):
            return Digest(b""), await erased(self._pool, batch.series, serial)
        receipt, asked = batch.receipt(serial)
        return asked, receipt

    async def by_key(self, key: KeyId) -> Invoice | None:
        row = await self._pool.fetchrow(
            "SELECT series, serial FROM invoice_key WHERE key = $1",
            asyncpg.pgproto.pgproto.UUID(key),
        )
        if row is None:
            return None
        return await self.invoice(compose_number(Series(row["series"]), row["serial"]))

    async def by_digest(self, digest: Digest) -> list[Invoice]:
        """Indexed invoices first, then those too young to be indexed.

        Raises:
            Outage: so many are waiting for their place that we cannot say.
        """
        # The tail is read first: a batch that gets its place in between is then seen twice,
        # which the numbers tell, and never missed.
        tail = await self._pool.fetch(_TAIL, MAX_TAIL_BATCHES + 1)
        if len(tail) > MAX_TAIL_BATCHES:
            raise Outage("evidence order")
        rows = await self._pool.fetch(
            _OF_DIGEST,
            digest8(digest),
            MAX_BY_DIGEST,
        )
        indexed = await self.invoices((row["series"], row["serial"]) for row in rows)
        young = [one for row in tail for one in _with_digest(unpack(row), digest)]
        unique = {one.number: one for one in [*indexed, *young] if one.digest == digest}
        return list(unique.values())[:MAX_BY_DIGEST]

    async def page(
        self,
        seller: str,
        *,
        since: date | None = None,
        until: date | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Page:
        high_water: int = await self._pool.fetchval("SELECT size FROM log_state")
        first, last = _midnight(since or _FIRST_DAY), _midnight(until or _LAST_DAY)
        end = last + timedelta(days=1)
        rows = await self._pool.fetch(
            _PAGE,
            seller8(seller),
            after,
            high_water,
            tax_month(first),
            tax_month(last),
            first,
            end,
            limit,
        )
        invoices = await self.invoices((row["series"], row["serial"]) for row in rows)
        more = len(rows) == limit
        return Page(
            # Another seller's eight bytes may be the same; its invoices are not told of.
            invoices=tuple(one for one in invoices if one.draft.seller.taxpayer_id == seller),
            after=rows[-1]["log_index"] + 1 if more else None,
            high_water=high_water,
        )

    async def holder(self, series: int, serial: int) -> Unpacked | None:
        """The batch of this serial, whatever is left of the invoice."""
        return await self._batch(series, serial)

    async def taken_back(self, number: InvoiceNumber) -> dict[int, Amounts]:
        rows = await self._pool.fetch(
            "SELECT line, net_fen, tax_fen FROM taken_line WHERE series = $1 AND serial = $2",
            *split_number(number),
        )
        return {row["line"]: Amounts(Fen(row["net_fen"]), Fen(row["tax_fen"])) for row in rows}

    async def red_letters(self, number: InvoiceNumber) -> list[InvoiceNumber]:
        rows = await self._pool.fetch(
            "SELECT series, serial FROM red_letter"
            " WHERE original_series = $1 AND original_serial = $2 ORDER BY series, serial",
            *split_number(number),
        )
        return [compose_number(Series(row["series"]), row["serial"]) for row in rows]

    async def _batch(self, series: int, serial: int) -> Unpacked | None:
        row = await self._pool.fetchrow(_BATCH_OF_SERIAL, series, serial, MAX_BATCH)
        return unpack(row) if row else await self._shelf.batch(series, serial)


async def erased(pool: Pool, series: int, serial: int) -> InvoiceErased:
    """When and why."""
    row = await pool.fetchrow(
        "SELECT erased_at, why FROM erasure WHERE series = $1 AND serial = $2", series, serial
    )
    day = row["erased_at"].astimezone(BEIJING).date().isoformat()
    return InvoiceErased(erased_at=day, why=row["why"])


def _holders(batches: Iterable[Unpacked], wanted: Sequence[Serial]) -> dict[Serial, Unpacked]:
    """Which batch holds which of these."""
    ordered = sorted(batches, key=lambda batch: (batch.series, batch.first_serial))
    starts = [(batch.series, batch.first_serial) for batch in ordered]
    holders = {}
    for one in wanted:
        at = bisect_right(starts, one) - 1
        if at >= 0 and ordered[at].series == one[0] and one[1] in ordered[at].serials:
            holders[one] = ordered[at]
    return holders


def unpack(row: Any) -> Unpacked:
    """A row with the columns of ``batch``, and ``first_index``."""
    return Unpacked(
        series=Series(row["series"]),
        first_serial=row["first_serial"],
        count=row["count"],
        issued_at=row["issued_at"],
        secret=row["secret"],
        stored=Blob(row["payload"]),
        first_index=row["first_index"],
    )


def _with_digest(batch: Unpacked, digest: Digest) -> Iterable[Invoice]:
    for serial in batch.serials:
        if not batch.is_erased(serial) and batch.receipt(serial)[0].digest == digest:
            yield batch.invoice(serial)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=BEIJING)
