"""Three members ask one database who leads: one does, and another the moment it is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from kaipiao.evidence.checkpoint import CHECKPOINT_NAME
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.run import run_log
from kaipiao.evidence.writer import LogWriter
from kaipiao.ledger.leadership import ASK_EVERY_S, Leadership, candidate
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.conftest import Database
from tests.stores import entry, grant
from tests.unit.evidence.fakes import make_signer

SOON_S = 5.0
HOLDER = """
SELECT l.pid FROM pg_locks AS l JOIN pg_stat_activity AS s USING (pid)
 WHERE l.locktype = 'advisory' AND s.application_name = 'kaipiao leader' AND s.datname = $1
"""


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not is_so():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def member(database: Database, folder: Path) -> AsyncIterator[Leadership]:
    """One member's log process: it leads or follows, in a folder of its own."""
    store = await Store.open(database.app, clock=StoppedClock(), area=31, channel=1)
    stop = asyncio.Event()
    writer = LogWriter(
        order=store.order,
        heads=store.heads,
        disk=LocalDisk(folder),
        signer=make_signer(),
        clock=StoppedClock(),
    )
    async with candidate(database.app) as leadership:
        writing = asyncio.create_task(
            run_log(writer, stop=stop, leads=lambda: leadership.is_leader)
        )
        try:
            yield leadership
        finally:
            stop.set()
            await writing
            await store.close()


async def test_three_members_keep_one_log_and_go_on_when_their_leader_dies(
    database: Database, store: Store, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("n1", "n2", "n3")]

    def all_told(size: int) -> bool:
        told = {(folder / CHECKPOINT_NAME).read_text() for folder in folders}
        return len(told) == 1 and told.pop().splitlines()[1] == str(size)

    await grant(store)
    await store.ledger.record(entry("sale-1"))
    async with (
        member(database, folders[0]) as one,
        member(database, folders[1]) as two,
        member(database, folders[2]) as three,
    ):
        members = (one, two, three)
        assert [one.is_leader for one in members] == [True, False, False]
        await until(lambda: all((folder / CHECKPOINT_NAME).exists() for folder in folders))
        await until(lambda: all_told(1))

        await end_session_of_leader(database)
        await store.ledger.record(entry("sale-2"))
        await until(lambda: all_told(2))
        await until(lambda: sum(one.is_leader for one in members) == 1)


async def end_session_of_leader(database: Database) -> None:
    """As a primary that dies does to it, or a route that closes."""
    session = await asyncpg.connect(database.app)  # of the same role
    holder = await session.fetchval(HOLDER, database.name)
    assert holder is not None
    await session.execute("SELECT pg_terminate_backend($1)", holder)
    await session.close()


async def test_who_goes_in_order_is_followed_at_once(database: Database) -> None:
    async with candidate(database.app) as heir:
        assert heir.is_leader
        late = Leadership(database.app)
        await late.look()
        assert not late.is_leader
    await late.look()
    assert late.is_leader
    await late.close()


async def test_who_hangs_loses_the_lead(database: Database) -> None:
    """Its kernel still answers for it: only its silence tells."""
    frozen, heir = Leadership(database.app, idle_s=1), Leadership(database.app)
    await frozen.look()
    await asyncio.sleep(1 + 2 * ASK_EVERY_S)
    await heir.look()
    assert heir.is_leader

    await frozen.look()
    assert not frozen.is_leader
    await asyncio.gather(frozen.close(), heir.close())


async def test_where_no_database_answers_nobody_leads(tmp_path: Path) -> None:
    alone = Leadership(f"postgresql://nobody@/nothing?host={tmp_path}")
    await alone.look()
    assert not alone.is_leader
    await alone.close()
