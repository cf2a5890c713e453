"""Archiving, step by step.  The order of the steps is the safety argument.

    written    the file is whole and durable under its name
    proved     it was read back, and every invoice in it makes the very leaf in the log
    noted      its manifest is durable, and its row is committed: readers find it from now on
    detached   readers and writers do not see the partition any more
    dropped    it is gone

A crash after any of them leaves the partition, or the file that was proved, or both; the next
run begins with what it finds.  Every statement is short; the one that waits (DETACH …
CONCURRENTLY) waits for others and lets none wait for it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import asyncpg
import msgspec

from kaipiao.errors import Outage
from kaipiao.fiscal.leaf import microseconds
from kaipiao.fiscal.month import TaxMonth, tax_month
from kaipiao.ledger.archive.file import (
    ArchiveDamaged,
    Frame,
    Sealed,
    Writer,
    file_digest,
    make_folder,
    write_whole,
)
from kaipiao.ledger.archive.manifest import compose_manifest
from kaipiao.ledger.archive.parts import (
    Contents,
    NotYet,
    Part,
    contents_of,
    is_open,
    list_parts,
    why_not_yet,
)
from kaipiao.ledger.archive.proof import PublishedLeaves, prove

TURN_KEY = 0x6B61_6970_6961_72  # "kaipiar": one archiver at a time for a database
LOCK_TIMEOUT_MS = 4_000
DETACH_TRIES = 30
BATCHES_AT_ONCE = 200
CLOSE = "SELECT close_serials($1, $2)"
CONNECT_WITHIN_S = 5.0

What = Literal["stays", "may go", "written", "proved", "noted", "detached", "dropped", "finishing"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is now so."""

    part: str
    what: What
    why: NotYet | None = None  # of "stays"
    invoices: int = 0
    bytes: int = 0


class ArchiverBusy(Exception):
    """Another one is at work on this database."""


class Archiver:
    """``now`` is the instant of the whole run; ``dsn`` must own the tables."""

    def __init__(
        self,
        connection: "asyncpg.Connection[Any]",
        folder: Path,
        log: PublishedLeaves,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._log = log
        self._now = now

    async def run(self, before: TaxMonth, *, dry: bool = False) -> AsyncIterator[Step]:
        """Archive every partition that holds nothing of ``before`` or later.

        First whatever an earlier run has begun.  Stop listening after any step, or die: the next
        run goes on from there.

        Raises:
            ArchiveDamaged, LogDiffers: that partition stays, and nothing after it was touched.
            Outage: something did not answer, or is in use; run again.
        """
        assert before <= tax_month(self._now), "this month's invoices are not old"
        noted = {row["part"] for row in await self._rows()}
        for part in await list_parts(self._connection):
            if part.name in noted:
                yield Step(part=part.name, what="finishing", bytes=part.bytes)
                if not dry:
                    async for step in self._finish(part):
                        yield step
                continue
            if part.year < before // 100 and not dry:
                await self._connection.execute(CLOSE, part.series, part.end)
            contents, why = await self._look(part, before)
            if contents is None or why:
                yield Step(part=part.name, what="stays", why=why, bytes=part.bytes)
                continue
            yield Step(part=part.name, what="may go", invoices=contents.invoices, bytes=part.bytes)
            if not dry:
                async for step in self._archive(part, contents):
                    yield step

    async def check(self) -> AsyncIterator[Step]:
        """Read every file of the archive again and prove it, as when it was written."""
        for row in await self._rows():
            sealed = Sealed(row["bytes"], row["sha256"])
            path = self._folder / row["name"]
            _, invoices = await prove(self._connection, path, sealed, self._log, row["series"])
            if invoices != row["invoices"]:
                raise ArchiveDamaged(f"{path}: it holds {invoices} invoices")
            yield Step(part=row["part"], what="proved", invoices=invoices, bytes=row["bytes"])

    async def _rows(self) -> list[Any]:
        return list(
            await self._connection.fetch("SELECT * FROM archive_file ORDER BY series, first_serial")
        )

    async def _look(self, part: Part, before: TaxMonth) -> tuple[Contents | None, NotYet | None]:
        assert part.state == "attached", f"{part.name} is {part.state}, and no file replaces it"
        if await is_open(self._connection, part, before):
            return None, "open"
        contents = await contents_of(self._connection, part)
        if contents is None:
            return None, "empty"
        log_size = self._log.size
        return contents, why_not_yet(contents, before=before, now=self._now, log_size=log_size)

    async def _archive(self, part: Part, contents: Contents) -> AsyncIterator[Step]:
        path = self._folder / part.file_name
        sealed = await self._write(part, path)
        yield Step(part=part.name, what="written", bytes=sealed.size)
        batches, invoices = await prove(self._connection, path, sealed, self._log, part.series)
        again = await contents_of(self._connection, part)
        if again != contents or (batches, invoices) != (again.batches, again.invoices):
            raise ArchiveDamaged(f"{path}: it holds {invoices} invoices, {part.name} has {again}")
        yield Step(part=part.name, what="proved", invoices=invoices, bytes=sealed.size)
        await self._note(part, contents, sealed)
        yield Step(part=part.name, what="noted", invoices=invoices, bytes=sealed.size)
        async for step in self._finish(part):
            yield step

    async def _write(self, part: Part, path: Path) -> Sealed:
        """Page by page: the partition does not change, and no snapshot is kept."""
        writer, last = Writer(path), -1
        try:
            while rows := await self._connection.fetch(
                "SELECT series, first_serial, count, issued_at, secret, payload"
                f" FROM {part.name} WHERE first_serial > $1 ORDER BY first_serial LIMIT $2",
                last,
                BATCHES_AT_ONCE,
            ):
                for row in rows:
                    writer.add(_frame(row))
                last = rows[-1]["first_serial"]
            return writer.seal()
        finally:
            writer.close()

    async def _note(self, part: Part, contents: Contents, sealed: Sealed) -> None:
        manifest = compose_manifest(part, contents, sealed, self._log, self._now)
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        await asyncio.to_thread(
            write_whole, self._folder / f"{part.file_name}.json", content + b"\n"
        )
        await self._connection.execute(
            "INSERT INTO archive_file (part, name, series, first_serial, last_serial, batches,"
            " invoices, bytes, sha256, first_index, last_index, log_size, log_root, archived_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            *(part.name, part.file_name, part.series),
            *(contents.first_serial, contents.last_serial, contents.batches, contents.invoices),
            *(sealed.size, sealed.sha256, contents.first_index, contents.last_index),
            *(self._log.size, self._log.root, self._now),
        )

    async def _finish(self, part: Part) -> AsyncIterator[Step]:
        """The file has its row: let the partition go, if the file still is what was proved."""
        row = await self._connection.fetchrow(
            "SELECT * FROM archive_file WHERE part = $1", part.name
        )
        path = self._folder / row["name"]
        if await asyncio.to_thread(file_digest, path) != row["sha256"]:
            raise ArchiveDamaged(f"{path}: it is not what was proved; {part.name} stays")
        if part.state != "detached":
            await self._detach(part)
        yield Step(part=part.name, what="detached")
        contents = await contents_of(self._connection, part)
        found = (contents.batches, contents.invoices) if contents else (0, 0)
        if found != (row["batches"], row["invoices"]):
            raise ArchiveDamaged(f"{part.name} holds {found}, its file {row['invoices']} invoices")
        await self._connection.execute(f"DROP TABLE {part.name}")
        yield Step(part=part.name, what="dropped", bytes=part.bytes)

    async def _detach(self, part: Part) -> None:
        """Raises Outage: someone has kept the table in use all the time; run again."""
        how = "FINALIZE" if part.state == "pending" else "CONCURRENTLY"
        for _ in range(DETACH_TRIES):
            try:
                await self._connection.execute(
                    f"ALTER TABLE batch DETACH PARTITION {part.name} {how}"
                )
                return
            except asyncpg.LockNotAvailableError:
                parts = {one.name: one.state for one in await list_parts(self._connection)}
                how = "FINALIZE" if parts[part.name] == "pending" else "CONCURRENTLY"
        raise Outage(f"ledger ({part.name} is in use)")


@asynccontextmanager
async def open_archiver(
    dsn: str, folder: Path, log: PublishedLeaves, now: datetime
) -> AsyncIterator[Archiver]:
    """The only archiver of this database, inside this block.

    Raises:
        ArchiverBusy: there is another one.
        Outage: the database does not answer.
    """
    await asyncio.to_thread(make_folder, folder)
    try:
        connection = await asyncpg.connect(
            dsn,
            timeout=CONNECT_WITHIN_S,
            server_settings={
                "application_name": "kaipiao archive",
                "lock_timeout": str(LOCK_TIMEOUT_MS),
            },
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Outage("ledger") from error
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", TURN_KEY):
            raise ArchiverBusy
        yield Archiver(connection, folder, log, now)
    except asyncpg.LockNotAvailableError as error:
        raise Outage("ledger (something is in use)") from error
    except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
        if connection.is_closed():
            raise Outage("ledger") from error
        raise
    finally:
        await connection.close()


def _frame(row: Any) -> Frame:
    return Frame(
        row["series"],
        row["first_serial"],
        row["count"],
        microseconds(row["issued_at"]),
        row["secret"],
        row["payload"],
    )
