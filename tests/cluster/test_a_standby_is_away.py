"""A commit that no standby confirmed is not acknowledged, even if PostgreSQL says it succeeded.

Cancelling a commit that waits for a standby returns success with a warning (measured).  An
operator's ``pg_cancel_backend`` must not turn into a receipt for an invoice that a failover
would lose.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from kaipiao.errors import Outage
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.stores import entry, grant

WAITING = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND backend_type = $1"


async def demand_standby(root: "asyncpg.Connection", name: str) -> None:
    await root.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
    await root.execute("SELECT pg_reload_conf()")
    await asyncio.sleep(0.3)  # every backend reads it in its own time


async def cancel_the_waiting_commit(root: "asyncpg.Connection") -> None:
    for _ in range(200):
        if pid := await root.fetchval(WAITING, "client backend"):
            await root.execute("SELECT pg_cancel_backend($1)", pid)
            return
        await asyncio.sleep(0.01)
    raise AssertionError("no commit waited for the standby")


async def test_a_cancelled_wait_is_an_outage_and_the_key_finds_the_invoice_later(
    start_postgres: Callable[[], Awaitable[EmbeddedPostgres]],
) -> None:
    server = await start_postgres()
    await migrate(server.dsn_owner)
    store = await Store.open(
        server.dsn_app, clock=StoppedClock(), area=31, channel=1, commit_within_s=1.0
    )
    root = await asyncpg.connect(server.dsn_root)
    await grant(store)
    await store.ledger.record(entry("before"))
    await demand_standby(root, "ghost")

    selling = asyncio.create_task(store.ledger.record(entry("sale-1")))
    await cancel_the_waiting_commit(root)
    with pytest.raises(Outage):
        await selling

    await demand_standby(root, "")
    receipt = await store.ledger.record(entry("sale-1"))
    after = await store.ledger.record(entry("after"))
    assert receipt.replayed
    assert [int(one.number[5:]) for one in (receipt, after)] == [2, 3]
    await root.close()
    await store.close()
