"""No standby confirms anything: what callers are told, and that nothing is lost or doubled.

A standby that does not exist stands for the two machines that are away: commits wait for it, as
they would for them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest_asyncio

from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import Receipt
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.hold_up import SHED_EVERY_S
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.cluster.test_a_standby_is_away import demand_standby
from tests.stores import entry, grant

COMMIT_WITHIN_S = 1.0
HELD_UP_S = 0.3
BEHIND = [f"behind-{n}" for n in range(20)]


@pytest_asyncio.fixture
async def server(
    start_postgres: Callable[[], Awaitable[EmbeddedPostgres]],
) -> AsyncIterator[EmbeddedPostgres]:
    started = await start_postgres()
    await migrate(started.dsn_owner)
    yield started


@pytest_asyncio.fixture
async def root(server: EmbeddedPostgres) -> "AsyncIterator[asyncpg.Connection]":
    connection = await asyncpg.connect(server.dsn_root)
    yield connection
    await connection.close()


async def open_store(server: EmbeddedPostgres) -> Store:
    return await Store.open(
        server.dsn_app,
        clock=StoppedClock(),
        area=31,
        channel=1,
        commit_within_s=COMMIT_WITHIN_S,
        held_up_s=HELD_UP_S,
    )


async def told(store: Store, key: str) -> tuple[Receipt | Outage, float]:
    """The outcome, and after how many seconds."""
    started = time.monotonic()
    try:
        return await store.ledger.record(entry(key)), time.monotonic() - started
    except Outage as outage:
        return outage, time.monotonic() - started


async def test_who_waits_behind_a_commit_in_doubt_is_told_soon_and_finds_one_invoice_later(
    server: EmbeddedPostgres, root: "asyncpg.Connection"
) -> None:
    store = await open_store(server)
    await grant(store)
    await store.ledger.record(entry("before"))
    await demand_standby(root, "ghost")

    first = asyncio.create_task(told(store, "first"))
    await asyncio.sleep(0.05)  # it is on its way
    behind = await asyncio.gather(*(told(store, key) for key in ["first", *BEHIND]))
    late = await told(store, "late")
    assert not first.done(), "what is in doubt is asked after for as long as it may take"
    assert all(isinstance(outcome, Outage) for outcome, _ in behind)
    assert max(waited_s for _, waited_s in behind) < HELD_UP_S + SHED_EVERY_S
    assert isinstance(late[0], Outage)
    assert late[1] < 2 * SHED_EVERY_S
    assert isinstance((await first)[0], Outage)

    await demand_standby(root, "")
    receipts = [await store.ledger.record(entry(key)) for key in ["first", "late", *BEHIND]]
    serials = sorted(int(receipt.number[5:]) for receipt in receipts)
    assert receipts[0].replayed, "it had been committed, and waited for its standby"
    assert serials == list(range(2, 2 + len(receipts))), "none twice, and no gap"
    await store.close()


async def test_a_process_that_starts_then_is_not_held_for_ever_either(
    server: EmbeddedPostgres, root: "asyncpg.Connection"
) -> None:
    """It has no block of numbers yet, and taking one is a commit as well."""
    before, after = await open_store(server), await open_store(server)
    await grant(before)
    await demand_standby(root, "ghost")

    outcome, waited_s = await told(after, "sale-1")
    assert isinstance(outcome, Outage)
    assert waited_s < 3 + 3 * COMMIT_WITHIN_S

    await demand_standby(root, "")
    assert isinstance((await told(after, "sale-1"))[0], Receipt)
    await asyncio.gather(before.close(), after.close())


async def test_a_server_that_takes_no_writes_yet_is_waited_for(
    server: EmbeddedPostgres, root: "asyncpg.Connection"
) -> None:
    """A route leads to a new primary a moment before its promotion ends."""
    store = await open_store(server)
    await grant(store)
    await store.ledger.record(entry("before"))
    await root.execute("ALTER ROLE kaipiao_app SET default_transaction_read_only = on")
    await root.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'kaipiao_app'"
    )

    selling = asyncio.create_task(store.ledger.record(entry("sale-1")))
    await asyncio.sleep(0.4)
    assert not selling.done()
    await root.execute("ALTER ROLE kaipiao_app RESET default_transaction_read_only")
    await root.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'kaipiao_app'"
    )
    assert int((await asyncio.wait_for(selling, 5)).number[5:]) == 2
    await store.close()
