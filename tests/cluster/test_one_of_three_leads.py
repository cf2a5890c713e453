"""Three members ask one database who leads: one does, and another the moment it is gone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from kaipiao.app.leading import has_room
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, WITNESSED_NAME
from kaipiao.evidence.cosigning.caller import Caller
from kaipiao.evidence.cosigning.desk import Desk, open_http
from kaipiao.evidence.cosigning.gather import Gathering
from kaipiao.evidence.cosigning.memory import MemoryFile
from kaipiao.evidence.cosigning.run import Cosigning, run_cosigning
from kaipiao.evidence.cosigning.sharing import Sharing
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.grade import Grade
from kaipiao.evidence.note import parse_note
from kaipiao.evidence.policy import Policy
from kaipiao.evidence.proof import parse_proof
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.run import run_log
from kaipiao.evidence.writer import LogWriter
from kaipiao.ledger.leadership import ASK_EVERY_S, Leadership, candidate
from kaipiao.ledger.store import Store
from kaipiao.ledger.store import Store as PostgresStore
from tests.clocks import StoppedClock
from tests.conftest import Database
from tests.stores import entry, grant
from tests.unit.evidence.cosigning.world import world
from tests.unit.evidence.fakes import make_signer

SOON_S = 15.0
HOLDER = """
SELECT l.pid FROM pg_locks AS l JOIN pg_stat_activity AS s USING (pid)
 WHERE l.locktype = 'advisory' AND s.application_name = 'kaipiao leader' AND s.datname = $1
"""


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON_S):
        while not is_so():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def member(
    database: Database, folder: Path, policy: Policy | None = None
) -> AsyncIterator[Leadership]:
    """One member's log process: it leads or follows, in a folder of its own.  With a policy it
    has the log witnessed, or serves what its leader had witnessed.
    """
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
        running = [run_log(writer, stop=stop, leads=lambda: leadership.is_leader)]
        if policy is not None:
            running.append(witness(store, folder, policy, stop, lambda: leadership.is_leader))
        tasks = [asyncio.create_task(one) for one in running]
        try:
            yield leadership
        finally:
            stop.set()
            await asyncio.gather(*tasks)
            await store.close()


async def witness(
    store: PostgresStore,
    folder: Path,
    policy: Policy,
    stop: asyncio.Event,
    leads: Callable[[], bool],
) -> None:
    """As ``app/witnessing.py`` puts it together."""
    disk, clock = LocalDisk(folder), StoppedClock()
    memory = MemoryFile(folder.parent / f"{folder.name}.json")
    async with open_http() as http:
        callers = [Caller(Desk(one, http), clock) for one in policy.witnesses.values()]
        cosigning = Cosigning(
            gathering=Gathering(disk=disk, policy=policy, callers=callers, clock=clock),
            callers=callers,
            stamping=None,
            memory=memory,
            sharing=Sharing(
                shared=store.notes,
                disk=disk,
                key=make_signer().verifier,
                witnesses=policy,
                authority=None,
                memory=memory,
            ),
        )
        await run_cosigning(cosigning, every_s=0.1, stop=stop, leads=leads)


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


async def test_every_member_serves_what_its_leader_had_witnessed_and_so_does_an_heir(
    database: Database, store: Store, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("n1", "n2", "n3")]

    def all_witnessed(size: int) -> bool:
        told = {graded(PublishedLog(folder)) for folder in folders}
        return told == {size}

    await grant(store)
    await store.ledger.record(entry("sale-1"))
    async with world(tmp_path / "witnesses", threshold=2) as w:
        async with (
            member(database, folders[0], w.policy) as one,
            member(database, folders[1], w.policy) as two,
            member(database, folders[2], w.policy) as three,
        ):
            members = (one, two, three)
            await until(lambda: all_witnessed(1))
            await end_session_of_leader(database)
            second = await store.ledger.record(entry("sale-2"))
            await until(lambda: all_witnessed(2))
            await until(lambda: sum(one.is_leader for one in members) == 1)
        invoice = await store.ledger.read(second.number)
        assert invoice is not None
        for folder in folders:
            receipt = PublishedLog(folder).graded_receipt(invoice)
            note = parse_note(parse_proof(receipt.text).note)
            assert receipt.grade is Grade.E2
            assert w.policy.witnessed_at(note) is not None


def graded(log: PublishedLog) -> int:
    checkpoint = log.graded(WITNESSED_NAME)
    return checkpoint.size if checkpoint else 0


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


async def test_a_member_that_has_no_room_for_the_log_leaves_it_to_another(
    database: Database,
) -> None:
    room = [True]
    async with (
        candidate(database.app, is_able=lambda: room[0]) as first,
        candidate(database.app) as second,
    ):
        assert [one.is_leader for one in (first, second)] == [True, False]
        room[0] = False
        await until(lambda: second.is_leader)
        assert [one.is_leader for one in (first, second)] == [False, True]
        await second.close()
        await until(lambda: second.is_leader)  # it does not take it back while it has no room


def test_a_log_has_room_while_its_disk_has(tmp_path: Path) -> None:
    assert has_room(tmp_path)
    assert not has_room(tmp_path, 1 << 62)
    assert has_room(tmp_path / "not there")
