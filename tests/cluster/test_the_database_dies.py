"""PostgreSQL is killed under load, again and again, and nothing that we said is unsaid.

Two stores, as two server processes would, issue for the same sellers while every process of
the database is killed at a random moment.  Callers ask again with the same key whenever they
hear of an outage.  Afterwards everything must add up.
"""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random

import pytest
from tests.clocks import StoppedClock
from tests.stores import NOVEMBER, PLENTY_FEN
from tests.strategies import SELLER, make_draft

from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store

KILLS = 6
TILLS = 24


class Tills:
    """Callers that sell until told to stop, each sale under a key of its own."""

    def __init__(self, stores: list[Store]) -> None:
        self._stores = stores
        self.receipts: dict[str, Receipt] = {}
        self.open_ = True
        self.outages = 0

    async def sell_at(self, till: int) -> None:
        sale = 0
        while self.open_:
            key = IdempotencyKey(f"till-{till}-{sale}")
            self.receipts[key] = await self._sell(till, key, sale)
            sale += 1

    async def _sell(self, till: int, key: IdempotencyKey, sale: int) -> Receipt:
        entry = compose_entry(make_draft(sale % 500), key)
        tries = 0
        while True:
            store = self._stores[(till + tries) % len(self._stores)]
            tries += 1
            try:
                return await store.ledger.record(entry)
            except Outage:
                self.outages += 1
                await asyncio.sleep(0.05)


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


async def everything_adds_up(store: Store, receipts: dict[str, Receipt]) -> None:
    numbers = Counter(receipt.number for receipt in receipts.values())
    assert max(numbers.values()) == 1, "a number was used twice"

    size = await store.order.sequence()
    page = await store.ledger.page(SELLER.taxpayer_id, limit=1_000_000)
    stored = {invoice.key: invoice for invoice in page.invoices}
    assert len(page.invoices) == len(stored) == size, "a key was issued twice"
    assert set(receipts) <= set(stored), "an acknowledged invoice is lost"
    # All callers asked until they were answered, so there is nothing that nobody heard of.
    assert set(stored) == set(receipts)
    for key, receipt in receipts.items():
        found = stored[key]
        assert (found.number, found.digest, found.totals) == (
            receipt.number,
            receipt.digest,
            receipt.totals,
        )

    line = await store.credit.line(SELLER.taxpayer_id, month=NOVEMBER)
    assert line is not None
    drawn = sum(invoice.totals.net_fen for invoice in stored.values())
    assert line.drawn_fen == drawn, "credit drawn is not credit issued"
    await no_gap_inside_a_block(store)


async def no_gap_inside_a_block(store: Store) -> None:
    blocks = await store.pool.fetch("SELECT * FROM number_block")
    batches = await store.pool.fetch("SELECT series, first_serial, count FROM batch")
    used = {row["first_serial"] + n for row in batches for n in range(row["count"])}
    assert len(used) == sum(row["count"] for row in batches), "two batches overlap"
    for block in blocks:
        mine = {s for s in used if block["first_serial"] <= s <= block["last_serial"]}
        assert mine == set(range(block["first_serial"], block["next_serial"]))
