"""Connections for everything but the hot commit, with the driver's failures made ours.

Every statement here may be repeated, or says by its own conditions whether it already
happened, so a lost answer is an Outage and the caller asks again.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from kaipiao.errors import Outage

_log = logging.getLogger("kaipiao.ledger")
# While a server is away the driver's pool writes a traceback for each of its own tries; we write
# one line when it goes and one when it is back.
logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)

MIN_CONNECTIONS = 1
MAX_CONNECTIONS = 8
CONNECT_WITHIN_S = 2.0
ANSWER_WITHIN_S = 10.0
_AWAY = ("08", "57P", "53", "25006")
AWAY = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises when a server has gone away in the middle of something."""


def is_away(error: BaseException) -> bool:
    """Whether a failure means that no server is there that takes writes, rather than a defect."""
    state = getattr(error, "sqlstate", None) or ""
    return isinstance(error, AWAY) or state.startswith(_AWAY)


class Pool:
    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._is_away = False

    @classmethod
    async def open(cls, dsn: str, *, name: str = "kaipiao") -> "Pool":
        """Raises Outage: no server answers there."""
        with_name = {"application_name": name}
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=MIN_CONNECTIONS,
                max_size=MAX_CONNECTIONS,
                timeout=CONNECT_WITHIN_S,
                command_timeout=ANSWER_WITHIN_S,
                server_settings=with_name,
            )
        except (*AWAY, asyncpg.PostgresError) as error:
            raise Outage("ledger") from error
        return cls(pool)

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        async with self.connection() as connection:
            return list(await connection.fetch(sql, *values))

    async def fetchrow(self, sql: str, *values: object) -> Any:
        async with self.connection() as connection:
            return await connection.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        async with self.connection() as connection:
            return await connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> int:
        """How many rows the statement touched."""
        async with self.connection() as connection:
            tag: str = await connection.execute(sql, *values)
            return int(tag.rpartition(" ")[2]) if tag[-1].isdigit() else 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        try:
            async with self._pool.acquire(timeout=ANSWER_WITHIN_S) as connection:
                yield connection
        except (*AWAY, asyncpg.PostgresError) as error:
            if is_away(error):
                raise self._outage(error) from error
            raise
        if self._is_away:
            self._is_away = False
            _log.warning("the database answers again")

    def _outage(self, error: Exception) -> Outage:
        if not self._is_away:
            self._is_away = True
            _log.warning("the database does not answer: %r", error)
        return Outage("ledger")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def close(self) -> None:
        self._pool.terminate()
