"""Every invoice is sealed in the end, whatever vendors do, and none waits for a bad one."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from kaipiao.app.clock import SystemClock
from kaipiao.app.seal import compose_sealing, open_sealing
from kaipiao.app.settings import Settings
from kaipiao.base.sm import SM2_WITH_SM3_OID
from kaipiao.fiscal.month import tax_month
from kaipiao.fiscal.seal import SealLot, SealMark, VendorKind, compose_statement
from kaipiao.ledger.seals import LOT_INVOICES
from kaipiao.ledger.store import Store
from kaipiao.seal.breaker import Policy
from kaipiao.seal.check import ED25519_OID, is_mark_good
from kaipiao.seal.sealing import Desk
from tests.clocks import StoppedClock
from tests.contract.test_seals import issue
from tests.seal_vendors import Elsewhere, elsewhere
from tests.stores import grant

ORIGIN = "kaipiao.example/31-1"
QUICK = Policy(window_s=30, failures=3, first_pause_s=0.3, last_pause_s=60)
PLENTY = 100_000


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[Callable[[str], Elsewhere]]:
    with ExitStack() as opened:
        yield lambda name: opened.enter_context(elsewhere(name, tmp_path / name))


@asynccontextmanager
async def sealing(
    store: Store, *vendors: Elsewhere, policy: Policy = QUICK, **changes: object
) -> AsyncIterator[list[Desk]]:
    """One sealer, with these vendors, while the block runs."""
    plans = [one.plan(**({"per_second": PLENTY} | changes)) for one in vendors]
    await store.seals.meet(
        [one.key for one in vendors], kinds={one.name: "http" for one in vendors}
    )
    remotes = [
        one.open(timeout_s=plan.timeout_ms / 1000) for one, plan in zip(vendors, plans, strict=True)
    ]
    desks = [
        Desk(remote, plan, sealers=1, policy=policy)
        for remote, plan in zip(remotes, plans, strict=True)
    ]
    stop = asyncio.Event()
    running = asyncio.create_task(compose_sealing(ORIGIN, store, desks).run(stop))
    try:
        yield desks
    finally:
        stop.set()
        await running
        for remote in remotes:
            await remote.__aexit__(None, None, None)


async def until(holds: Callable[[], Awaitable[bool]], within_s: float, why: str) -> float:
    """How long it took."""
    began = time.monotonic()
    while not await holds():
        assert time.monotonic() - began < within_s, why
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def all_sealed(store: Store) -> bool:
    return (await store.seals.backlog()).waiting == 0


async def marks(store: Store, count: int) -> list[SealMark]:
    """Of the first invoices of the log, each checked as a stranger would."""
    found = []
    sealables = await store.seals.sealables(SealLot(first_index=0, count=count))
    for index, sealable in enumerate(sealables):
        standing = await store.seals.standing(index)
        assert standing.mark is not None, standing
        statement = compose_statement(ORIGIN, sealable)
        assert is_mark_good(statement, standing.mark.signature, standing.mark.key.certificate)
        found.append(standing.mark)
    return found


async def test_what_is_issued_is_sealed_soon_and_the_marks_hold(
    store: Store, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    async with sealing(store, vendors("acme"), vendors("bolt")):
        for n in range(4):
            await issue(store, 30, first=100 * n)
            await asyncio.sleep(0.2)
        await until(lambda: all_sealed(store), 5, "not sealed")

    assert len(await marks(store, 120)) == 120


async def test_with_every_vendor_dead_nothing_is_stuck_and_the_first_that_returns_drains_it(
    store: Store, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    acme, bolt = vendors("acme"), vendors("bolt")
    acme.behave("dead")
    bolt.behave("failing")
    async with sealing(store, acme, bolt) as desks:
        await issue(store, 5 * LOT_INVOICES + 3)
        await asyncio.sleep(1.5)
        backlog = await store.seals.backlog()
        assert backlog.waiting == 5 * LOT_INVOICES + 3
        assert backlog.oldest_s is not None
        assert {desk.breaker.state(time.monotonic()) for desk in desks} <= {"open", "half-open"}
        bolt.behave("honest")
        await until(lambda: all_sealed(store), 10, "not drained")
        assert (await store.seals.backlog()).oldest_s is None

    assert {one.key.vendor for one in await marks(store, 503)} == {"bolt"}
    assert await store.pool.fetchval("SELECT count(*) FROM seal_lot WHERE state <> 'sealed'") == 0


async def test_a_liar_is_not_asked_again_after_its_first_lie_and_nothing_of_it_is_kept(
    store: Store, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    liar, honest = vendors("liar"), vendors("honest")
    liar.behave("lying")
    honest.behave("failing")  # until the liar has had its chance
    async with sealing(store, liar, honest, at_once=2) as desks:
        await issue(store, 8 * LOT_INVOICES)

        async def is_open() -> bool:
            return desks[0].breaker.state(time.monotonic()) == "open"

        await until(is_open, 20, "it lies and lies")
        honest.behave("honest")
        await until(lambda: all_sealed(store), 20, "not sealed")
        assert await is_open()

    assert 1 <= liar.counter.counts.asked <= 2, "those already under way, and no more"
    assert {one.key.vendor for one in await marks(store, 800)} == {"honest"}
    assert await store.pool.fetchval("SELECT count(*) FROM seal_mark WHERE vendor = 'liar'") == 0
    shown = {one.name: one for one in await store.seals.vendors()}
    assert shown["liar"].lied_at is not None
    assert shown["honest"].lied_at is None
    assert shown["liar"].score.asked["lied"] == liar.counter.counts.asked


async def test_a_slow_vendor_holds_up_what_it_has_in_hand_and_nothing_else(
    store: Store, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    slow, quick = vendors("slow"), vendors("quick")
    slow.behave("slow")
    async with sealing(store, slow, quick, at_once=2, timeout_ms=3_000):
        await issue(store, 10 * LOT_INVOICES)

        async def rest_is_sealed() -> bool:
            return (await store.seals.backlog()).waiting <= 2 * LOT_INVOICES

        assert await until(rest_is_sealed, 5, "they wait for the slow one") < 3
        await until(lambda: all_sealed(store), 10, "what the slow one held is stuck")

    assert {one.key.vendor for one in await marks(store, 1_000)} == {"quick"}


async def test_a_backlog_drains_at_the_rate_that_was_agreed_and_not_faster(
    store: Store, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    await issue(store, 12 * LOT_INVOICES)
    async with sealing(store, vendors("acme"), per_second=400):
        took_s = await until(lambda: all_sealed(store), 20, "not drained")

    # A second's worth at once, then 400 a second; the last lot may overdraw.
    assert 1.4 <= took_s <= 10


async def test_a_new_invoice_does_not_wait_behind_a_backlog_which_drains_all_the_same(
    store: Store, clock: StoppedClock, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    await issue(store, 30 * LOT_INVOICES)  # by a clock that stands hours ago
    async with sealing(store, vendors("acme"), per_second=300):
        await asyncio.sleep(0.5)
        clock.set(SystemClock().now())
        await grant(store, month=tax_month(clock.now()))
        await issue(store, 1, first=5_000)
        newest = 30 * LOT_INVOICES
        await until(lambda: sealed(store, newest), 5, "the new one waits behind the backlog")
        backlog = await store.seals.backlog()
        assert backlog.waiting > 10 * LOT_INVOICES
        await asyncio.sleep(1)
        assert (await store.seals.backlog()).waiting < backlog.waiting


async def sealed(store: Store, index: int) -> bool:
    return (await store.seals.standing(index)).state == "sealed"


async def test_a_distrusted_vendors_work_is_done_again_while_it_runs(
    store: Store, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    acme, bolt = vendors("acme"), vendors("bolt")
    await issue(store, 3 * LOT_INVOICES)
    async with sealing(store, acme):
        await until(lambda: all_sealed(store), 5, "not sealed")
    async with sealing(store, acme, bolt):
        await store.seals.distrust("acme", why="its key was stolen", by="k1")
        asked = acme.counter.counts.asked

        async def by_bolt() -> bool:
            by = "SELECT count(*) FROM seal_mark WHERE vendor = 'bolt' AND superseded_at IS NULL"
            return await store.pool.fetchval(by) == 3 and await all_sealed(store)

        await until(by_bolt, 5, "not sealed again")

    assert acme.counter.counts.asked == asked
    assert {one.key.vendor for one in await marks(store, 300)} == {"bolt"}
    kept = await store.pool.fetchval("SELECT count(*) FROM seal_mark WHERE vendor = 'acme'")
    assert kept == 3


async def test_a_sealer_that_stops_gives_back_what_it_had_in_hand(
    store: Store, vendors: Callable[[str], Elsewhere]
) -> None:
    await grant(store)
    slow = vendors("slow")
    slow.behave("slow")
    await issue(store, LOT_INVOICES)
    async with sealing(store, slow, timeout_ms=30_000):
        held = "SELECT count(*) = 1 FROM seal_lot WHERE state = 'sealing'"
        await until(lambda: store.pool.fetchval(held), 5, "it was not taken")
    began = time.monotonic()
    async with sealing(store, vendors("quick")):
        await until(lambda: all_sealed(store), 5, "it was not given back")

    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", ["sm2", "ed25519"])
async def test_a_cell_can_be_its_own_vendor(store: Store, tmp_path: Path, kind: VendorKind) -> None:
    await grant(store)
    await issue(store, 20)
    (tmp_path / "vendors.json").write_text(f'{{"vendors": [{{"name": "own", "kind": "{kind}"}}]}}')
    settings = Settings(data=str(tmp_path), log_origin=ORIGIN)
    stop = asyncio.Event()
    async with open_sealing(settings, store, SystemClock()) as sealer:
        running = asyncio.create_task(sealer.run(stop))
        await until(lambda: all_sealed(store), 10, "not sealed")
        stop.set()
        await running

    [own] = {one.key.algorithm for one in await marks(store, 20)}
    assert own == {"sm2": SM2_WITH_SM3_OID, "ed25519": ED25519_OID}[kind]
    [card] = await store.seals.vendors()
    assert (card.kind, card.score.invoices, card.score.asked) == (kind, 20, {"sealed": 1})
