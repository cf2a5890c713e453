"""What the queue of seals promises: derived from the log, one taker at a time, no mark deleted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from kaipiao.fiscal.seal import BreakerReport, Score, SealKey, SealLot, compose_statement
from kaipiao.ledger.seals import FRESH_S, LOT_INVOICES
from kaipiao.ledger.store import Store
from tests.conftest import Database
from tests.stores import MadeOf, OpenStore, entry, grant

HOLD_S = 5.0
ACME = SealKey(vendor="acme", key_id="a" * 64, algorithm="1.3.101.112", certificate=b"A")
BOLT = SealKey(vendor="bolt", key_id="b" * 64, algorithm="1.3.101.112", certificate=b"B")
CLOSED = BreakerReport(state="closed", since_s=1.0, said="")


@pytest.fixture
def made_of() -> MadeOf:
    return "postgres"


class Hours:
    """Lets time pass for the queue: its clock is the database's, so its rows grow older."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def go_by(self, seconds: float) -> None:
        by = timedelta(seconds=seconds)
        await self._connection.execute(
            "UPDATE seal_lot SET waiting_since = waiting_since - $1::interval,"
            " held_until = held_until - $1::interval",
            by,
        )


@pytest_asyncio.fixture
async def hours(database: Database) -> AsyncIterator[Hours]:
    connection = await asyncpg.connect(database.owner)
    yield Hours(connection)
    await connection.close()


@pytest_asyncio.fixture
async def sealed_by(store: Store) -> Store:
    """A store that knows two vendors and has credit."""
    await grant(store)
    await store.seals.meet([ACME, BOLT], kinds={"acme": "http", "bolt": "http"})
    return store


async def issue(store: Store, count: int, *, first: int = 0) -> None:
    outcomes = await store.ledger.record_all([entry(f"s-{first + n}", n) for n in range(count)])
    assert not any(isinstance(one, Exception) for one in outcomes)
    await store.order.sequence()


async def cut(store: Store, *, with_tail: bool = True) -> int:
    cut = 0
    while more := await store.seals.cut(with_tail=with_tail):
        cut += more
    return cut


async def take(
    store: Store, key: SealKey = ACME, *, worker: str = "w", oldest: bool = True
) -> SealLot | None:
    return await store.seals.take(worker, key, hold_s=HOLD_S, oldest=oldest)


async def taken(store: Store, key: SealKey = ACME, *, worker: str = "w") -> SealLot:
    lot = await take(store, key, worker=worker)
    assert lot is not None
    return lot


async def seal(store: Store, lot: SealLot, key: SealKey = ACME, *, worker: str = "w") -> bool:
    marks = [f"{key.vendor}{lot.first_index + n}".encode() for n in range(lot.count)]
    return await store.seals.seal(worker, lot, key, marks)


async def test_lots_cover_the_log_exactly_once_whoever_cuts(
    sealed_by: Store, open_store: OpenStore
) -> None:
    await issue(sealed_by, 3 * LOT_INVOICES + 7)
    other = await open_store()
    assert isinstance(other, Store)
    await asyncio.gather(*(cut(one) for one in (sealed_by, other, sealed_by, other)))
    await issue(sealed_by, 5, first=1_000)
    await cut(sealed_by)

    rows = await sealed_by.pool.fetch("SELECT first_index, count FROM seal_lot ORDER BY 1")
    ends = [row["first_index"] + row["count"] for row in rows]
    assert [row["first_index"] for row in rows] == [0, *ends[:-1]]
    assert ends[-1] == 3 * LOT_INVOICES + 12


async def test_without_the_tail_only_whole_lots_are_cut(sealed_by: Store) -> None:
    await issue(sealed_by, LOT_INVOICES + 7)

    assert await cut(sealed_by, with_tail=False) == 1
    assert await cut(sealed_by, with_tail=True) == 1
    assert (await sealed_by.seals.backlog()).waiting == LOT_INVOICES + 7


async def test_what_is_sealed_is_what_the_log_holds(sealed_by: Store) -> None:
    await issue(sealed_by, 60)
    await issue(sealed_by, 60, first=60)
    await cut(sealed_by)
    lots = [await taken(sealed_by) for _ in range(2)]

    found = [one for lot in lots for one in await sealed_by.seals.sealables(lot)]

    assert [one.log_index for one in found] == list(range(120))
    assert [one.leaf for one in found] == await sealed_by.order.leaves(0, 120)
    for one in found[::17]:
        invoice = await sealed_by.ledger.read(one.number)
        assert invoice is not None
        assert (invoice.log_index, invoice.issued_at) == (one.log_index, one.issued_at)
        assert invoice.number.encode() in compose_statement("o", one)


async def test_a_lot_is_one_takers_until_its_lease_is_over(sealed_by: Store, hours: Hours) -> None:
    await issue(sealed_by, 3)
    await cut(sealed_by)
    lot = await taken(sealed_by, worker="dead")
    assert await take(sealed_by, worker="heir") is None
    await hours.go_by(HOLD_S + 1)

    inherited = await taken(sealed_by, worker="heir")

    assert (inherited.first_index, inherited.tries) == (lot.first_index, 2)
    assert not await seal(sealed_by, lot, worker="dead")
    assert await seal(sealed_by, inherited, worker="heir")
    assert (await sealed_by.seals.standing(0)).state == "sealed"
    assert await sealed_by.pool.fetchval("SELECT count(*) FROM seal_mark") == 1


async def test_many_takers_never_hold_one_lot_twice(sealed_by: Store) -> None:
    await issue(sealed_by, 10 * LOT_INVOICES)
    await cut(sealed_by)

    lots = await asyncio.gather(*(take(sealed_by, worker=f"w{n}") for n in range(14)))

    firsts = [lot.first_index for lot in lots if lot]
    assert sorted(firsts) == [n * LOT_INVOICES for n in range(10)]


async def test_the_newest_of_the_last_minute_comes_first_and_else_the_oldest(
    sealed_by: Store, hours: Hours
) -> None:
    await issue(sealed_by, 2 * LOT_INVOICES)
    await cut(sealed_by)
    await hours.go_by(FRESH_S + 1)
    await issue(sealed_by, 2, first=500)
    await cut(sealed_by)
    await sealed_by.pool.execute(  # the tests' clock stands in the past; what was cut now is new
        "UPDATE seal_lot SET waiting_since = now() WHERE first_index = $1", 2 * LOT_INVOICES
    )

    order = [await take(sealed_by, oldest=oldest) for oldest in (False, False, True, False)]

    assert [lot and lot.first_index for lot in order] == [200, 0, 100, None]


async def test_a_lot_that_failed_is_for_whoever_comes_after_its_pause(
    sealed_by: Store, hours: Hours
) -> None:
    await issue(sealed_by, 1)
    await cut(sealed_by)
    lot = await taken(sealed_by)
    await sealed_by.seals.put_back("w", lot, "acme", lied=False, again_after_s=10)
    assert await take(sealed_by, BOLT) is None
    await hours.go_by(11)

    assert (await taken(sealed_by, BOLT)).tries == 2
    assert (await sealed_by.seals.vendors())[0].lied_at is None


async def test_who_failed_at_a_lot_leaves_it_to_others_for_a_moment(
    sealed_by: Store, hours: Hours
) -> None:
    await issue(sealed_by, 1)
    await cut(sealed_by)
    lot = await taken(sealed_by)
    await sealed_by.seals.put_back("w", lot, "acme", lied=True, again_after_s=0)
    assert await take(sealed_by, ACME) is None
    assert (await sealed_by.seals.vendors())[0].lied_at is not None
    other = await taken(sealed_by, BOLT)
    await sealed_by.seals.put_back("w", other, "acme", lied=False, again_after_s=0)
    await hours.go_by(4)

    assert await take(sealed_by, ACME) is not None, "nobody else wanted it"


async def test_what_a_worker_holds_can_be_let_go(sealed_by: Store) -> None:
    await issue(sealed_by, 2 * LOT_INVOICES)
    await cut(sealed_by)
    mine, theirs = await taken(sealed_by, worker="w1"), await taken(sealed_by, worker="w2")
    await sealed_by.seals.let_go("w1")

    assert (await taken(sealed_by, worker="w3")).first_index == mine.first_index
    assert await seal(sealed_by, theirs, worker="w2")


async def test_the_backlog_is_counted_to_the_invoice_and_aged_by_the_oldest(
    sealed_by: Store, hours: Hours
) -> None:
    assert (await sealed_by.seals.backlog()).waiting == 0
    await issue(sealed_by, LOT_INVOICES + 5)
    assert (await sealed_by.seals.backlog()).oldest_s is not None
    await cut(sealed_by)
    await sealed_by.pool.execute("UPDATE seal_lot SET waiting_since = now()")
    await hours.go_by(100)

    backlog = await sealed_by.seals.backlog()
    assert backlog.waiting == LOT_INVOICES + 5
    assert backlog.oldest_s == pytest.approx(100, abs=2)
    for _ in range(2):
        assert await seal(sealed_by, await taken(sealed_by))

    backlog = await sealed_by.seals.backlog()
    assert (backlog.waiting, backlog.oldest_s) == (0, None)


async def test_distrust_queues_everything_again_and_keeps_the_old_marks(
    sealed_by: Store, hours: Hours
) -> None:
    await issue(sealed_by, 3 * LOT_INVOICES)
    await cut(sealed_by)
    for key in (ACME, ACME, BOLT):
        assert await seal(sealed_by, await taken(sealed_by, key), key)

    assert await sealed_by.seals.distrust("acme", why="key stolen", by="k1")
    assert (await sealed_by.seals.standing(5)).state == "resealing"  # at once
    assert await sealed_by.seals.requeue() == 2
    assert await sealed_by.seals.requeue() == 0
    assert (await sealed_by.seals.backlog()).waiting == 2 * LOT_INVOICES
    assert await take(sealed_by, ACME) is None
    before = await sealed_by.seals.standing(5)
    assert (before.state, before.mark) == ("resealing", None)
    for _ in range(2):
        assert await seal(sealed_by, await taken(sealed_by, BOLT), BOLT)

    after = await sealed_by.seals.standing(5)
    assert after.state == "sealed"
    assert after.mark is not None
    assert (after.mark.key, after.mark.signature) == (BOLT, b"bolt5")
    [old] = after.superseded
    assert (old.key, old.signature, old.superseded_why) == (ACME, b"acme5", "key stolen")
    assert (await sealed_by.seals.standing(250)).superseded == ()
    assert (await sealed_by.seals.backlog()).waiting == 0


async def test_a_vendor_distrusted_while_it_signs_is_not_believed(sealed_by: Store) -> None:
    await issue(sealed_by, 1)
    await cut(sealed_by)
    lot = await taken(sealed_by)
    await sealed_by.seals.distrust("acme", why="?", by="k1")

    assert not await seal(sealed_by, lot)
    assert await sealed_by.pool.fetchval("SELECT count(*) FROM seal_mark") == 0


async def test_a_vendor_that_is_trusted_again_is_given_work_again(sealed_by: Store) -> None:
    await issue(sealed_by, 1)
    await cut(sealed_by)
    await sealed_by.seals.distrust("acme", why="?", by="k1")
    assert await take(sealed_by) is None
    assert await sealed_by.seals.trust("acme")

    assert await take(sealed_by) is not None
    assert not await sealed_by.seals.trust("nobody")
    assert not await sealed_by.seals.distrust("nobody", why="?", by="k1")


async def test_no_server_can_change_or_delete_a_mark(sealed_by: Store, database: Database) -> None:
    await issue(sealed_by, 1)
    await cut(sealed_by)
    assert await seal(sealed_by, await taken(sealed_by))
    connection = await asyncpg.connect(database.app)
    try:
        for statement in (
            "DELETE FROM seal_mark",
            "UPDATE seal_mark SET signatures = ''",
            "UPDATE seal_mark SET vendor = 'bolt'",
            "DELETE FROM seal_key",
            "DELETE FROM seal_lot",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_scores_add_up_and_the_living_say_how_they_find_a_vendor(sealed_by: Store) -> None:
    classes = (1, *[0] * 26, 2)
    score = Score(
        asked={"sealed": 2, "lied": 1}, invoices=7, latencies=classes, state_s={"open": 1.5}
    )
    for worker in ("w1", "w2", "w2"):
        await sealed_by.seals.note(worker, "acme", score, CLOSED)

    acme, bolt = await sealed_by.seals.vendors()

    assert acme.score.asked == {"sealed": 6, "lied": 3}
    assert acme.score.invoices == 21
    assert acme.score.latencies == (3, *[0] * 26, 6)
    assert acme.score.state_s == {"open": 4.5}
    assert acme.breakers == (CLOSED, CLOSED)
    assert bolt.breakers == ()


async def test_a_cell_without_vendors_says_that_it_has_none(store: Store) -> None:
    await grant(store)
    await issue(store, 1)

    assert (await store.seals.standing(0)).state == "none"
    assert (await store.seals.standing(None)).state == "none"


async def test_an_invoice_without_a_place_in_the_log_waits(sealed_by: Store) -> None:
    assert (await sealed_by.seals.standing(None)).state == "waiting"
    assert (await sealed_by.seals.standing(4_711)).state == "waiting"
