"""Stores for tests: one process's view of a fresh database each, and entries to record.

A test that asks for ``store`` or ``open_store`` gets PostgreSQL, unless its folder says otherwise
by overriding ``made_of``: the contract runs once for each way a ledger is made.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal, TypeAlias

import msgspec
import pytest
import pytest_asyncio

from kaipiao.fiscal.invoice import Amounts, IdempotencyKey
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import LineTaken, TakenBack
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger import store as on_postgres
from kaipiao.ports import Entry
from kaipiao.twin.group import open_group
from kaipiao.twin.memory import Habits, Memory, MemoryStore
from tests.clocks import StoppedClock
from tests.conftest import Database
from tests.strategies import SELLER, make_draft

NOVEMBER = 202611
PLENTY_FEN = 10**15

BLOCK_SIZE = 1_000

Store: TypeAlias = on_postgres.Store | MemoryStore
OpenStore = Callable[[], Awaitable[Store]]
MadeOf = Literal["postgres", "memory", "group commit in memory"]


@pytest_asyncio.fixture
async def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def made_of() -> MadeOf:
    return "postgres"


@pytest.fixture
def open_one(made_of: MadeOf, clock: StoppedClock, request: pytest.FixtureRequest) -> OpenStore:
    """How to open a store on the test's database; a server is started only if one is needed."""
    if made_of != "postgres":
        memory, habits = Memory(), Habits(clock=clock, block_size=BLOCK_SIZE)
        open_ = MemoryStore.open if made_of == "memory" else open_group

        async def open_in_memory() -> Store:
            return open_(memory, habits)

        return open_in_memory
    database: Database = request.getfixturevalue("database")

    async def open_on_postgres() -> Store:
        return await on_postgres.Store.open(
            database.app, clock=clock, area=31, channel=1, block_size=BLOCK_SIZE
        )

    return open_on_postgres


@pytest_asyncio.fixture
async def open_store(open_one: OpenStore) -> AsyncIterator[OpenStore]:
    """Open a store on the test's database; each call is one more server process's view."""
    opened: list[Store] = []

    async def open_another() -> Store:
        opened.append(await open_one())
        return opened[-1]

    yield open_another
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
        amounts=(back.net_fen, back.tax_fen),
        totals=back,
        draws_fen=-100,
        taken_back=taken,
        confirmation=form_id,
    )
