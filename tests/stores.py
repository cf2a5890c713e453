"""Stores for tests: one process's view of a fresh database each, and entries to record."""

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest_asyncio
from tests.clocks import StoppedClock
from tests.conftest import Database
from tests.strategies import SELLER, make_draft

from kaipiao.fiscal.invoice import Amounts, IdempotencyKey
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import LineTaken, TakenBack
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger.store import Store
from kaipiao.ports import Entry

NOVEMBER = 202611
PLENTY_FEN = 10**15

OpenStore = Callable[[], Awaitable[Store]]


@pytest_asyncio.fixture
async def clock() -> StoppedClock:
    return StoppedClock()


@pytest_asyncio.fixture
async def open_store(database: Database, clock: StoppedClock) -> AsyncIterator[OpenStore]:
    """Open a store on the test's database; each call is one more server process's view."""
    opened: list[Store] = []

    async def open_one() -> Store:
        store = await Store.open(database.app, clock=clock, area=31, channel=1, block_size=1_000)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        await store.close()


@pytest_asyncio.fixture
async def store(open_store: OpenStore) -> Store:
    return await open_store()


def entry(key: str, n: int = 1, **changes: object) -> Entry:
    """An entry of SELLER's ``n``-th draft, drawing 25,100 + 8 n fen on its line."""
    made = compose_entry(make_draft(n), IdempotencyKey(key))
    return msgspec.structs.replace(made, **changes)


async def grant(store: Store, limit_fen: int = PLENTY_FEN, *, month: int = NOVEMBER) -> None:
    await store.credit.grant(SELLER.taxpayer_id, limit_fen, month=month)


def red_entry(
    original: InvoiceNumber, key: str, *, agreed: bool = False, form_id: str = ""
) -> Entry:
    """A red letter that takes 100 of the 101 fen of line 0 of SELLER's first draft."""
    line = LineTaken(line=0, net_fen=100, tax_fen=13, of_net_fen=101, of_tax_fen=13)
    back = Amounts(Fen(-100), Fen(-13))
    taken = TakenBack(original, (line,), agreed)
    return entry(
        key,
        lines=(back,),
        totals=back,
        draws_fen=-100,
        taken_back=taken,
        confirmation=form_id,
    )
