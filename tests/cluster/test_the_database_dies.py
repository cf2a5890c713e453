"""PostgreSQL is killed under load, again and again, and nothing that we said is unsaid.

Two stores, as two server processes would, issue for the same sellers while every process of
the database is killed at a random moment.  Callers ask again with the same key whenever they
hear of an outage.  Afterwards everything must add up.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.stores import NOVEMBER, PLENTY_FEN
from tests.strategies import SELLER
from tests.tills import Tills, everything_adds_up

KILLS = 6
TILLS = 24


def kill(server: EmbeddedPostgres, rng: Random) -> None:
    """The postmaster, or one of its children: then it restarts all the others itself."""
    if server.pid is None:
        return  # it is just being brought back
    victim = server.pid
    if rng.random() < 0.5:
        with open(f"/proc/{server.pid}/task/{server.pid}/children") as children:
            victim = int(rng.choice(children.read().split()))
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)


@pytest.mark.parametrize("seed", range(2))
async def test_killed_under_load_it_loses_nothing_and_invents_nothing(
    seed: int, start_postgres: Callable[[], Awaitable[EmbeddedPostgres]]
) -> None:
    rng = Random(seed)
    server = await start_postgres()
    keeping = asyncio.create_task(server.run())
    await migrate(server.dsn_owner)
    clock = StoppedClock()
    stores = [
        await Store.open(server.dsn_app, clock=clock, area=31, channel=1, block_size=2_000)
        for _ in range(2)
    ]
    await stores[0].credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=NOVEMBER)
    tills = Tills(stores)
    selling = [asyncio.create_task(tills.sell_at(till)) for till in range(TILLS)]

    for _ in range(KILLS):
        await asyncio.sleep(rng.uniform(0.2, 0.8))
        kill(server, rng)
    await asyncio.sleep(1.0)
    tills.open_ = False
    await asyncio.wait_for(asyncio.gather(*selling), timeout=60)

    await everything_adds_up(stores[0], tills.receipts)
    for store in stores:
        await store.close()
    await server.stop()
    await keeping
