"""The clock steps, beside issuing: the log, keys, confirmation forms, the cell's health.

What waits, waits by a clock that cannot step; what is dated follows the clock on the wall at that
moment, and what was once written down stays.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import pytest

from kaipiao.app.beat import beat
from kaipiao.app.folder import CellFolder
from kaipiao.app.health import CellHealth
from kaipiao.errors import ConfirmationRefused, NotAuthenticated
from kaipiao.evidence.audit import audit
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.run import run_log
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.confirmation import Action, Side, State
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.red_letter import ReversalAsk
from kaipiao.gateway.identity import Identity, compose_token, hash_token
from kaipiao.gateway.limits import Limits
from kaipiao.issuing.confirm import Confirming
from kaipiao.issuing.issue import Issuing
from kaipiao.issuing.reverse import Reversing
from kaipiao.ledger.store import Store
from kaipiao.ports import ApiKey
from kaipiao.regimes.cn.policy import confirm_within
from kaipiao.regimes.cn.rules import check, check_composed
from tests.clocks import NOON, StoppedClock
from tests.stores import NOVEMBER, PLENTY_FEN, OpenStore, entry
from tests.strategies import SELLER, lawful_draft
from tests.unit.evidence.fakes import MemoryOrder, make_leaves, make_signer
from tests.unit.evidence.rfc6962 import slow_root

STEPS = [timedelta(seconds=1), timedelta(hours=30), timedelta(hours=-30), timedelta(days=-400)]
WAITING: tuple[State, ...] = ("02", "03")


class RestlessClock(StoppedClock):
    """Never says twice the same, and as often goes back as forth."""

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self._rng = rng

    def now(self) -> datetime:
        self.set(NOON + timedelta(days=self._rng.uniform(-400, 400)))
        return super().now()


async def test_the_log_grows_and_is_published_soon_whatever_the_clock_says(tmp_path: Path) -> None:
    leaves, order, stop = make_leaves(600), MemoryOrder(), asyncio.Event()
    signer, clock = make_signer(), RestlessClock(Random(1))
    writer = LogWriter(
        order=order, heads=order.heads, disk=LocalDisk(tmp_path), signer=signer, clock=clock
    )
    running = asyncio.create_task(run_log(writer, stop=stop))
    for size in range(0, 600, 150):
        order.commit(leaves[size : size + 150])
        async with asyncio.timeout(20):
            while writer.progress is None or writer.progress.checkpoint.size < size + 150:
                await asyncio.sleep(0.01)
        assert writer.progress.checkpoint.root == slow_root(leaves[: size + 150])
    stop.set()
    await running

    assert writer.progress
    assert audit(LocalDisk(tmp_path).read, writer.progress.checkpoint) == []


@pytest.mark.parametrize("seed", range(2))
async def test_what_two_processes_issue_at_stepping_clocks_is_one_log(
    seed: int, open_store: OpenStore, clock: StoppedClock, tmp_path: Path
) -> None:
    rng, stores = Random(seed), [await open_store(), await open_store()]
    store = stores[0]
    assert isinstance(store, Store)
    disk = LocalDisk(tmp_path)
    writer = LogWriter(
        order=store.order, heads=store.heads, disk=disk, signer=make_signer(), clock=clock
    )
    for month in (202510, NOVEMBER, 202612, 202701):
        await store.credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=month)
    seen = []
    for sale in range(40):
        await rng.choice(stores).ledger.record(entry(f"sale-{sale}"))
        await writer.advance()
        assert writer.progress
        seen.append(writer.progress.checkpoint)
        clock.advance(rng.choice(STEPS[:3]))

    assert [one.size for one in seen] == list(range(1, 41))
    assert all(before.root != after.root for before, after in pairwise(seen))
    assert audit(disk.read, seen[-1]) == []


class Keys:
    """A directory with one key, that counts how often it is asked."""

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.asked = 0

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey | None:
        self.asked += 1
        return self.key if secret_hash == hash_token(TOKEN) else None

    async def add_key(self, key: ApiKey, secret_hash: bytes) -> None:
        raise NotImplementedError

    async def keys(self) -> list[ApiKey]:
        return [self.key]

    async def revoke(self, key_id: str, *, at: datetime) -> bool:
        self.key = msgspec.structs.replace(self.key, revoked_at=at)
        return True


TOKEN = compose_token("abc")
KEY = ApiKey(
    key_id="abc",
    tenant="t",
    name="n",
    may=frozenset({"issue"}),
    taxpayers=frozenset({"*"}),
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    expires_at=NOON,
)


@pytest.mark.parametrize("seed", range(5))
async def test_a_key_is_live_by_the_wall_and_believed_by_a_clock_that_cannot_step(
    seed: int,
) -> None:
    rng, clock, keys = Random(seed), StoppedClock(), Keys(KEY)
    identity = Identity(directory=keys, clock=clock, limits=Limits(identity_ttl_s=60))
    header = b"Bearer " + TOKEN.encode()
    for _ in range(50):
        clock.set(NOON + timedelta(days=rng.uniform(-400, 400)))
        is_live = clock.now() < NOON
        if is_live:
            assert (await identity.find(header)).key_id == "abc"
            assert identity.remembered(header, time.monotonic())
        else:
            assert identity.remembered(header, time.monotonic()) is None
            with pytest.raises(NotAuthenticated):
                await identity.find(header)

    assert keys.asked == 1, "a step of the clock is no reason to ask again"


async def test_a_revoked_key_dies_in_its_time_though_the_clock_goes_back() -> None:
    clock, keys = StoppedClock(NOON - timedelta(days=1)), Keys(KEY)
    identity = Identity(directory=keys, clock=clock, limits=Limits(identity_ttl_s=0.05))
    header = b"Bearer " + TOKEN.encode()
    await identity.find(header)
    await keys.revoke("abc", at=clock.now())
    clock.advance(timedelta(days=-400))
    await asyncio.sleep(0.1)

    assert identity.remembered(header, time.monotonic()) is None
    with pytest.raises(NotAuthenticated):
        await identity.find(header)


@pytest.mark.parametrize("seed", range(3))
async def test_a_form_that_was_settled_stays_so_wherever_the_clock_goes(
    seed: int, open_store: OpenStore, clock: StoppedClock
) -> None:
    rng, store = Random(seed), await open_store()
    assert isinstance(store, Store)
    await store.credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=NOVEMBER)
    confirming = confirming_of(store, clock)
    issuing = Issuing(ledger=store.ledger, clock=clock, law=check)
    receipt = await issuing.issue(lawful_draft(), key=IdempotencyKey("sale"))
    await confirming.note_use(receipt.number, "booked")
    forms = [
        await confirming.open(
            receipt.number, ReversalAsk(reason="01"), by="seller", key=IdempotencyKey(f"form-{n}")
        )
        for n in range(15)
    ]
    settled: dict[str, State] = {}
    agreed: set[str] = set()
    for _ in range(60):
        clock.advance(timedelta(hours=rng.choice([80, 5, -5, -80])))
        await act_somehow(confirming, rng.choice(forms).form_id, rng)
        for form in forms:
            stored = await store.confirmations.read(form.form_id)
            assert stored
            if form.form_id in settled:
                assert stored.state == settled[form.form_id]
            elif stored.state not in (*WAITING, "04"):
                assert form.form_id not in agreed or stored.state == "09"
                settled[form.form_id] = stored.state
            elif stored.state == "04":
                agreed.add(form.form_id)
            else:
                assert form.form_id not in agreed

    assert settled


def confirming_of(store: Store, clock: StoppedClock) -> Confirming:
    uses, confirmations = store.uses, store.confirmations
    reversing = Reversing(
        ledger=store.ledger,
        uses=uses,
        confirmations=confirmations,
        clock=clock,
        law=check_composed,
    )
    return Confirming(
        reversing=reversing,
        uses=uses,
        confirmations=confirmations,
        clock=clock,
        answer_within=confirm_within,
    )


async def act_somehow(confirming: Confirming, form_id: str, rng: Random) -> None:
    if rng.random() < 0.1:
        await confirming.lapse()
        return
    sides: tuple[Side, ...] = ("seller", "buyer")
    actions: tuple[Action, ...] = ("confirm", "deny", "withdraw")
    side, action, before = rng.choice(sides), rng.choice(actions), await confirming.read(form_id)
    try:
        after = await confirming.act(form_id, action, side=side)
    except ConfirmationRefused:
        return
    assert before.state != "07" or after.state == "07", "it had lapsed at this very moment"


async def test_health_has_no_age_below_zero(
    open_store: OpenStore, clock: StoppedClock, tmp_path: Path
) -> None:
    store = await open_store()
    assert isinstance(store, Store)
    await store.credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=NOVEMBER)
    folder = CellFolder(str(tmp_path))
    folder.make()
    disk = LocalDisk(folder.evidence)
    writer = LogWriter(
        order=store.order, heads=store.heads, disk=disk, signer=make_signer(), clock=clock
    )
    await store.ledger.record(entry("sale-1"))
    await writer.advance()
    await store.ledger.record(entry("sale-2"))
    beat(folder)
    for years in (-2, 2):
        clock.set(datetime.now(UTC) + timedelta(days=365 * years))
        health = await CellHealth(folder=folder, store=store, clock=clock).look()
        assert health.ledger == "up"
        assert health.log_size == 1
        assert health.checkpoint_age_s is not None
        assert health.oldest_pending_s is not None
        assert min(health.checkpoint_age_s, health.oldest_pending_s) >= 0
