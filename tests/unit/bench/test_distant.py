"""A distant standby makes every commit wait for it, and reads and rollbacks not at all."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import asyncpg

from bench.distant import distant_standby
from kaipiao.ledger.embedded.server import EmbeddedPostgres

DELAY_MS = 120.0


async def took_ms(connection: "asyncpg.Connection", sql: str) -> float:
    """The quickest of five."""
    found = []
    for _ in range(5):
        began = time.monotonic()
        await connection.execute(sql)
        found.append(time.monotonic() - began)
    return min(found) * 1e3


async def test_a_commit_is_late_by_what_was_asked(
    start_postgres: Callable[[], Awaitable[EmbeddedPostgres]],
) -> None:
    server = await start_postgres()
    connection = await asyncpg.connect(server.dsn_owner)
    await connection.execute("CREATE TABLE sale (n integer)")
    distant = distant_standby(server.dsn_root, delay_ms=DELAY_MS)

    before_ms = await took_ms(connection, "INSERT INTO sale VALUES (1)")
    await asyncio.to_thread(distant.__enter__)
    commit_ms = await took_ms(connection, "INSERT INTO sale VALUES (1)")
    read_ms = await took_ms(connection, "SELECT * FROM sale")
    await asyncio.to_thread(distant.__exit__, None, None, None)
    after_ms = await took_ms(connection, "INSERT INTO sale VALUES (1)")
    await connection.close()

    assert max(before_ms, after_ms, read_ms) < DELAY_MS / 2
    assert DELAY_MS <= commit_ms < 2 * DELAY_MS
