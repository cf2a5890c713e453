"""Erasing one invoice from everything that the ledger keeps, so that a crash only delays it.

    noted     the erasure is a row: from the next step on, it is finished by whoever comes
    cut out   its batch is rewritten without it, in one transaction, here or in its archive file
    swept     index, deliveries, links, forms and finished imports that hold it are gone

Every step may be taken again.  An archiver takes turns with us: while a partition is half-way into
a file there are two copies, and that is waited for.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import zstandard
from asyncpg.pgproto.pgproto import UUID

from kaipiao.errors import NoSuchInvoice, Outage
from kaipiao.fiscal.erasure import Erasure, Ground
from kaipiao.fiscal.leaf import LEAF_BYTES
from kaipiao.fiscal.month import tax_month
from kaipiao.fiscal.number import InvoiceNumber, Series, compose_number, split_number
from kaipiao.ledger.archive.archiver import TURN_KEY
from kaipiao.ledger.archive.file import ArchiveDamaged
from kaipiao.ledger.archive.parts import part_name
from kaipiao.ledger.archive.rewrite import ArchiveRewriter, checked_cut
from kaipiao.ledger.batch import KeyId, key_id
from kaipiao.ledger.imports import MAX_RESULTS_BYTES
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.queue import MAX_BATCH
from kaipiao.ledger.reads import Reads, unpack
from kaipiao.ledger.scar import payload_digest

CUT_TRIES = 5
IMPORTED_WITHIN = timedelta(days=2)
"""An import issues within hours; its results are looked through that far around an invoice."""

_BATCH = """
SELECT b.*, l.first_index FROM batch AS b LEFT JOIN log_batch AS l USING (series, first_serial)
 WHERE b.series = $1 AND b.first_serial <= $2 AND b.first_serial > $2 - $3
   AND $2 < b.first_serial + b.count
"""
_NOTE = """
INSERT INTO erasure (series, serial, key, erased_at, why, ground) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
"""
_PLACE = """
SELECT l.first_index + $2 - l.first_serial FROM log_batch AS l
 WHERE l.series = $1 AND l.first_serial <= $2 AND $2 < l.first_serial + l.count
 ORDER BY l.first_serial DESC LIMIT 1
"""
_IMPORT_RESULTS = """
SELECT r.import_id, r.results FROM import_result AS r JOIN import USING (import_id)
 WHERE ended_at IS NOT NULL AND uploaded_at BETWEEN $1 AND $2
"""


class Eraser:
    """Implements ports.Erasures; ``archive`` is the cell's folder of old batches."""

    def __init__(self, pool: Pool, reads: Reads, archive: Path | None) -> None:
        self._pool = pool
        self._reads = reads
        self._rewriter = ArchiveRewriter(pool, archive) if archive else None

    async def note(
        self, number: InvoiceNumber, *, at: datetime, why: str, ground: Ground
    ) -> Erasure:
        """Decide it, if nobody has; from here on it can only be finished.

        Raises:
            NoSuchInvoice, InvoiceErased: there is nothing (any more) to erase.
        """
        invoice = await self._reads.invoice(number)
        if invoice is None:
            raise NoSuchInvoice
        series, serial = split_number(number)
        key = key_id(invoice.draft.seller.taxpayer_id, invoice.key)
        await self._pool.execute(_NOTE, series, serial, UUID(key), at, why, ground)
        row = await self._pool.fetchrow(
            "SELECT * FROM erasure WHERE series = $1 AND serial = $2", series, serial
        )
        return _erasure(row)

    async def wipe(self, number: InvoiceNumber) -> None:
        """Destroy the content of one that was noted; again, if you like.

        Raises:
            Outage: not all of it yet; it is tried again.
        """
        series, serial = split_number(number)
        batch = await self._reads.holder(series, serial)
        assert batch is not None, "nothing is erased that was not there"
        part = part_name(series, batch.first_serial)
        async with self._turn():
            if await self._is_half_archived(part):
                raise Outage(f"ledger ({part} is half archived; run: kaipiao archive)")
            try:
                await self._cut(series, serial)
                if self._rewriter:
                    await self._rewriter.erase(series, serial)
                    await self._rewriter.sweep(part)
            except (ArchiveDamaged, OSError) as error:
                raise Outage(f"archive ({error})") from error
            await self._sweep(series, serial, batch.issued_at)

    async def open(self) -> list[Erasure]:
        """Those that are not done."""
        rows = await self._pool.fetch(
            "SELECT * FROM erasure WHERE done_at IS NULL ORDER BY erased_at"
        )
        return [_erasure(row) for row in rows]

    async def close(self, number: InvoiceNumber, *, at: datetime) -> None:
        await self._pool.execute(
            "UPDATE erasure SET done_at = $3 WHERE series = $1 AND serial = $2 AND done_at IS NULL",
            *split_number(number),
            at,
        )

    async def keys_since(self, instant: datetime) -> list[KeyId]:
        """Keys of what was erased since then, for whoever remembers receipts."""
        rows = await self._pool.fetch("SELECT key FROM erasure WHERE erased_at >= $1", instant)
        return [KeyId(row["key"].bytes) for row in rows]

    async def _cut(self, series: int, serial: int) -> None:
        """Rewrite the batch, if it is in the database."""
        for _ in range(CUT_TRIES):
            row = await self._pool.fetchrow(_BATCH, series, serial, MAX_BATCH)
            if row is None:
                return
            batch, joined = unpack(row), row["leaves"]
            if batch.is_erased(serial):
                return
            leaves = [joined[n : n + LEAF_BYTES] for n in range(0, len(joined), LEAF_BYTES)]
            cut = await asyncio.to_thread(checked_cut, batch, row["payload"], leaves, serial)
            was = payload_digest(row["payload"])
            first = batch.first_serial
            if await self._pool.fetchval(
                "SELECT erase_from_batch($1, $2, $3, $4, $5)", series, first, serial, was, cut
            ):
                return
        raise Outage("ledger (its batch keeps changing)")

    async def _sweep(self, series: int, serial: int, issued_at: datetime) -> None:
        place = await self._pool.fetchval(_PLACE, series, serial)
        await self._pool.execute(
            "SELECT erase_traces($1, $2, $3, $4)", series, serial, place, tax_month(issued_at)
        )
        number = compose_number(Series(series), serial)
        for import_id in await self._imports_with(number, issued_at):
            await self._pool.execute("DELETE FROM import WHERE import_id = $1", import_id)

    async def _imports_with(self, number: str, issued_at: datetime) -> set[str]:
        """Finished imports whose results name it: their upload says what it said."""
        around = issued_at - IMPORTED_WITHIN, issued_at + IMPORTED_WITHIN
        found: set[str] = set()
        unpacker = zstandard.ZstdDecompressor()
        for row in await self._pool.fetch(_IMPORT_RESULTS, *around):
            results = unpacker.decompress(row["results"], MAX_RESULTS_BYTES)
            if number.encode() in results:
                found.add(row["import_id"])
        return found

    async def _is_half_archived(self, part: str) -> bool:
        found: bool = await self._pool.fetchval(
            "SELECT to_regclass($1) IS NOT NULL"
            " AND EXISTS (SELECT FROM archive_file WHERE part = $1)",
            part,
        )
        return found

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Neither an archiver nor another eraser beside us.  Raises Outage: there is one."""
        async with self._pool.connection() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", TURN_KEY):
                raise Outage("ledger (an archive run or another erasure is at work)")
            try:
                yield
            finally:
                await connection.execute("SELECT pg_advisory_unlock($1)", TURN_KEY)


def _erasure(row: Any) -> Erasure:
    return Erasure(
        number=compose_number(Series(row["series"]), row["serial"]),
        erased_at=row["erased_at"],
        why=row["why"],
        ground=row["ground"],
        done_at=row["done_at"],
    )
