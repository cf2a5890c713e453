"""The process beside the issuing path: proofs before it goes, forms lapsed, months opened."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio

from kaipiao.app.beat import beat
from kaipiao.app.folder import CellFolder
from kaipiao.app.health import CellHealth
from kaipiao.app.orders import Orders
from kaipiao.app.settings import Settings
from kaipiao.app.work import compose_writer, keep_clocks, write_log
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.month import TaxMonth
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.conftest import Database
from tests.strategies import SELLER, lawful_draft

NOVEMBER, DECEMBER, JANUARY = TaxMonth(202611), TaxMonth(202612), TaxMonth(202701)


@pytest_asyncio.fixture
async def store(database: Database) -> AsyncIterator[Store]:
    opened = await Store.open(database.app, clock=StoppedClock(), area=31, channel=1)
    await opened.credit.grant(SELLER.taxpayer_id, 10**12, month=NOVEMBER)
    yield opened
    await opened.close()


async def issue(store: Store) -> None:
    await store.ledger.record(compose_entry(lawful_draft(), IdempotencyKey("sale-1")))


async def test_what_was_committed_before_the_stop_is_published(
    store: Store, tmp_path: Path
) -> None:
    folder = CellFolder(str(tmp_path))
    folder.make()
    orders = Orders(settings=Settings(data=str(tmp_path)), dsn="", name="work")
    stop = asyncio.Event()
    stop.set()
    await issue(store)

    await write_log(compose_writer(orders, store, StoppedClock()), stop)

    assert (folder.evidence / "checkpoint").read_text().splitlines()[1] == "1"


async def test_a_months_credit_is_open_before_it_begins(store: Store) -> None:
    clock, stop = StoppedClock(), asyncio.Event()
    clock.advance(timedelta(days=20))  # December
    keeping = asyncio.create_task(keep_clocks(store, clock, stop))
    await asyncio.sleep(0.3)
    stop.set()
    await asyncio.wait_for(keeping, 2)

    assert [await store.credit.roll(month) for month in (DECEMBER, JANUARY)] == [0, 0]
    assert await store.credit.roll(TaxMonth(202702)) == 1, "a month that nobody opened yet"


async def test_health_says_what_it_knows_and_no_more(store: Store, tmp_path: Path) -> None:
    folder = CellFolder(str(tmp_path))
    folder.make()
    health = CellHealth(folder=folder, store=store, clock=StoppedClock())

    before = await health.look()
    beat(folder)
    after = await health.look()

    assert (before.ledger, before.log, before.worker) == ("up", "unknown", "unknown")
    assert after.worker == "up"
    assert after.log_size is None
