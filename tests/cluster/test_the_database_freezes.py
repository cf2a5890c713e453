"""PostgreSQL stands still for longer than a commit may take, and then goes on.

Commits are then in doubt: given up by us, and perhaps carried out all the same a moment after.
Callers hear that nobody knows, ask again with the same keys, and in the end everything is there
once.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.group import RIDE_OUT_S
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store
from kaipiao.ledger.writer import CONNECT_WITHIN_S
from tests.clocks import StoppedClock
from tests.stores import NOVEMBER, PLENTY_FEN
from tests.strategies import SELLER
from tests.tills import Tills, everything_adds_up

COMMIT_WITHIN_S = 0.5
FREEZES_S = [1.2, RIDE_OUT_S + CONNECT_WITHIN_S + 1.5]
"""The first is over before a crowd is told that nobody knows, the second is not."""

TILLS = 16


@contextmanager
def frozen(server: EmbeddedPostgres) -> Iterator[None]:
    """Every process of the server stands still, wherever it is."""
    assert server.pid
    stopped = [server.pid]
    os.kill(server.pid, signal.SIGSTOP)  # first: it starts no more
    with open(f"/proc/{server.pid}/task/{server.pid}/children") as children:
        stopped += map(int, children.read().split())
    for pid in stopped[1:]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def test_a_commit_in_doubt_is_settled_when_the_database_goes_on(
    start_postgres: Callable[[], Awaitable[EmbeddedPostgres]],
) -> None:
    server = await start_postgres()
    await migrate(server.dsn_owner)
    stores = [
        await Store.open(
            server.dsn_app,
            clock=StoppedClock(),
            area=31,
            channel=1,
            commit_within_s=COMMIT_WITHIN_S,
        )
        for _ in range(2)
    ]
    await stores[0].credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=NOVEMBER)
    tills = Tills(stores)
    selling = [asyncio.create_task(tills.sell_at(till)) for till in range(TILLS)]
    for freeze_s in FREEZES_S:
        await more_receipts(tills, 100)
        with frozen(server):
            await asyncio.sleep(freeze_s)
        await more_receipts(tills, 100)
    tills.open_ = False
    await asyncio.wait_for(asyncio.gather(*selling), timeout=60)

    assert tills.outages > 0, "the longer freeze was not long enough"
    await everything_adds_up(stores[0], tills.receipts)
    for store in stores:
        await store.close()


async def more_receipts(tills: Tills, count: int) -> None:
    wanted = len(tills.receipts) + count
    async with asyncio.timeout(60):
        while len(tills.receipts) < wanted:
            await asyncio.sleep(0.02)
