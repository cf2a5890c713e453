"""Migrations: numbered SQL files, each applied once, in order, in a transaction of its own.

``0007_pre_name.sql`` may run before the new program does; ``0008_post_name.sql`` only when no
old program runs any more.  Every one of them gives up rather than block sales: a lock that it
cannot have within four seconds ends the try, and it is tried again a few times.

What was applied is written down with its digest.  A file is never edited afterwards; write the
next one.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import asyncpg

from kaipiao.errors import Outage
from kaipiao.ledger.pool import AWAY, is_away

FOLDER = Path(__file__).parent / "migrations"
NAME = re.compile(r"(\d{4})_(pre|post)_([a-z0-9_]+)\.sql")

Stage = Literal["pre", "post"]


class Patience(NamedTuple):
    """How long one try may make sales queue behind it, and how often it is tried."""

    lock_timeout_ms: int = 4_000
    tries: int = 5
    pause_s: float = 1.0


PATIENCE = Patience()

TURN_TIMEOUT = "120s"
"""How long one program waits while another one migrates."""

TURN_KEY = 0x6B61_6970_6961_6F  # "kaipiao": whose turn it is, among all who ask this database


class Migration(NamedTuple):
    number: int
    stage: Stage
    name: str  # the file's
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


class HistoryBroken(Exception):
    """The files and what the database remembers of them contradict each other.

    Nothing was changed.  Put the file back as it was, and write a new migration instead.
    """


class LeftBehind(HistoryBroken):
    """A newer program finished its release here: this one does not know the tables any more."""


def read_migrations(folder: Path = FOLDER) -> list[Migration]:
    """All migrations, in order.

    Raises:
        HistoryBroken: a file is not named as it must be, or a number is missing or given twice.
    """
    migrations = []
    for number, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        match = NAME.fullmatch(path.name)
        if not match or int(match[1]) != number:
            raise HistoryBroken(f"{path.name} should be {number:04}_pre_….sql or _post_….sql")
        stage: Stage = "pre" if match[2] == "pre" else "post"
        migrations.append(Migration(number, stage, path.name, path.read_text(encoding="utf-8")))
    return migrations


async def migrate(
    dsn: str, *, until: Stage = "post", folder: Path = FOLDER, patience: Patience = PATIENCE
) -> list[Migration]:
    """Apply what is missing, in order; what was applied.  Safe to call from many at once.

    ``until="pre"`` stops after the last ``pre``.  A ``post`` that comes before it belongs to an
    earlier release, whose program is the one running now, so it is due.

    Raises:
        HistoryBroken: nothing was applied.
        LeftBehind: nothing was applied, and this program must not work here.
        Outage: the server did not answer, or a lock could not be had in all tries.  What was
            applied stands; call again.
    """
    migrations = read_migrations(folder)
    async with _connected(dsn) as connection, _turn(connection):
        await connection.execute(HISTORY)
        if ahead := posts_ahead(await _names(connection), len(migrations)):
            raise LeftBehind(ahead[0])
        missing = _missing(migrations, await _applied(connection), until)
        for migration in missing:
            await _apply(connection, migration, patience)
    return missing


async def pending(dsn: str, *, until: Stage = "post", folder: Path = FOLDER) -> list[Migration]:
    """What ``migrate`` would apply now.  Changes nothing and waits for nobody.

    Raises:
        HistoryBroken, Outage: as ``migrate``.
    """
    async with _connected(dsn) as connection:
        known = await connection.fetchval("SELECT to_regclass('migration') IS NOT NULL")
        applied = await _applied(connection) if known else {}
    return _missing(read_migrations(folder), applied, until)


async def applied_names(dsn: str) -> list[str]:
    """The files that were applied, in order.  Raises Outage."""
    async with _connected(dsn) as connection:
        return await _names(connection)


def posts_ahead(applied: Sequence[str], known: int) -> list[str]:
    """Those ``post`` migrations that a program which knows ``known`` files was not made for."""
    matches = filter(None, map(NAME.fullmatch, applied))
    return [m[0] for m in matches if m[2] == "post" and int(m[1]) > known]


HISTORY = """
CREATE TABLE IF NOT EXISTS migration (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    digest     text        NOT NULL,  -- SHA-256 of the file
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON migration TO PUBLIC;  -- a server looks whether it may start
"""


async def _names(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch("SELECT name FROM migration ORDER BY number")
    return [row["name"] for row in rows]


async def _applied(connection: asyncpg.Connection) -> dict[int, str]:
    """Digests by number."""
    rows = await connection.fetch("SELECT number, digest FROM migration")
    return {row["number"]: row["digest"] for row in rows}


def _missing(
    migrations: Sequence[Migration], applied: Mapping[int, str], until: Stage
) -> list[Migration]:
    """What is due and not applied yet.

    The database may know numbers that we do not: it was migrated by a newer program, and this
    one was put back.  ``pre`` migrations are written so that this works.
    """
    for migration in migrations:
        if applied.get(migration.number, migration.digest) != migration.digest:
            raise HistoryBroken(f"{migration.name} was changed after it had been applied")
    last = max((m.number for m in migrations if until == "post" or m.stage == "pre"), default=0)
    return [m for m in migrations if m.number <= last and m.number not in applied]


async def _apply(connection: asyncpg.Connection, migration: Migration, patience: Patience) -> None:
    """One transaction: the migration and the note that it was applied, or neither."""
    for attempt in range(1, patience.tries + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {patience.lock_timeout_ms}")
                await connection.execute(migration.sql)
                await connection.execute(
                    "INSERT INTO migration (number, name, digest) VALUES ($1, $2, $3)",
                    *(migration.number, migration.name, migration.digest),
                )
            return
        except asyncpg.LockNotAvailableError as error:
            if attempt == patience.tries:
                raise Outage(f"postgresql: {migration.name} waits for a lock") from error
            await asyncio.sleep(patience.pause_s)
        except asyncpg.PostgresError as error:
            error.add_note(f"in {migration.name}")
            raise


@asynccontextmanager
async def _turn(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Migrate alone.  The lock goes with the connection, so a killed program holds up nobody."""
    await connection.execute(f"SET lock_timeout = '{TURN_TIMEOUT}'")
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", TURN_KEY)
    except asyncpg.LockNotAvailableError as error:
        raise Outage("postgresql: another program is migrating") from error
    try:
        yield
    finally:
        await connection.execute("SELECT pg_advisory_unlock($1)", TURN_KEY)


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(dsn)
        try:
            yield connection
        finally:
            await connection.close()
    except (*AWAY, asyncpg.PostgresError) as error:
        if is_away(error):  # a standby too, which a route may lead to while a primary changes
            raise Outage("postgresql") from error
        raise
