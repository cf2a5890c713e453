"""What the queue of deliveries promises: one taker at a time, no end but a told one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from kaipiao.delivery.sending.events import OrderBook
from kaipiao.fiscal.delivery import NewDelivery, Parcel, StandingOrder, Verdict
from kaipiao.ledger.deliveries import LANE_ROOM, LEASE_S, MAX_TRIES
from kaipiao.ledger.outbox import BATCHES_AT_ONCE
from kaipiao.ledger.store import Store
from tests.clocks import NOON, StoppedClock
from tests.conftest import Database
from tests.contract.test_confirmations import ASKED, KEY, make_form, moved
from tests.stores import MadeOf, OpenStore, entry, grant
from tests.strategies import SELLER

DONE = Verdict(outcome="delivered", status=200, said="thanks", took_ms=7)
LATER = Verdict(outcome="again", status=500, said="HTTP 500")
BAD_LANE = Verdict(outcome="again", said="silence", is_lane_at_fault=True)
NEVER = Verdict(outcome="never", status=550, said="no such reader")


@pytest.fixture
def made_of() -> MadeOf:
    return "postgres"


class Hours:
    """Lets time pass for the queue: its clock is the database's, so its rows grow older."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def go_by(self, seconds: float) -> None:
        by = timedelta(seconds=seconds)
        for table, columns in (
            ("delivery", ("due_at", "give_up_at", "settled_at")),
            ("lane", ("open_until", "failing_since")),
        ):
            sets = ", ".join(f"{column} = {column} - $1::interval" for column in columns)
            await self._connection.execute(f"UPDATE {table} SET {sets}", by)


@pytest_asyncio.fixture
async def hours(database: Database) -> AsyncIterator[Hours]:
    connection = await asyncpg.connect(database.owner)
    yield Hours(connection)
    await connection.close()


def new(n: int = 1, **changes: object) -> NewDelivery:
    delivery = NewDelivery(
        delivery_id=f"msg_{n}",
        channel="webhook",
        lane="wh_1",
        order_id="wh_1",
        tenant="t",
        seller=SELLER.taxpayer_id,
        event="invoice.issued",
        subject=f"{n:020}",
        happened_at=NOON + timedelta(seconds=n),
        body=b"{}",
    )
    return msgspec.structs.replace(delivery, **changes)


def order(**changes: object) -> StandingOrder:
    standing = StandingOrder(
        order_id="wh_1",
        channel="webhook",
        tenant="t",
        name="erp",
        sellers=(SELLER.taxpayer_id,),
        events=("invoice.issued", "invoice.reversed", "confirmation.changed"),
        send_to=("https://erp.example/in",),
        created_at=NOON - timedelta(days=1),
    )
    return msgspec.structs.replace(standing, **changes)


async def take(store: Store, worker: str = "w1", *, limit: int = 100) -> list[Parcel]:
    return await store.deliveries.take(worker, limit=limit, busy={})


def ids(parcels: list[Parcel]) -> list[str]:
    return [parcel.delivery_id for parcel in parcels]


async def test_what_is_queued_twice_is_kept_once(store: Store) -> None:
    assert await store.deliveries.queue([new(1), new(2)]) == 2
    assert await store.deliveries.queue([new(2), new(3)]) == 1

    assert len(await store.deliveries.page()) == 3


async def test_what_one_worker_holds_no_other_is_given(store: Store) -> None:
    await store.deliveries.queue([new(n) for n in range(6)])

    first, second = await take(store, "w1"), await take(store, "w2")

    assert len(first) == LANE_ROOM
    assert not set(ids(first)) & set(ids(second))


async def test_workers_who_ask_at_the_same_moment_share_out_the_work(
    open_store: OpenStore,
) -> None:
    stores = [await open_store() for _ in range(4)]
    await stores[0].deliveries.queue([new(n, lane=f"wh_{n % 200}") for n in range(800)])
    given: list[str] = []
    for _ in range(30):
        taken = await asyncio.gather(
            *(take(store, f"w{n}", limit=10) for n, store in enumerate(stores))
        )
        given += [one for parcels in taken for one in ids(parcels)]

    assert len(given) == len(set(given)) > 600


async def test_a_silent_worker_loses_its_work_and_the_try_is_called_lost(
    store: Store, hours: Hours
) -> None:
    await store.deliveries.queue([new()])
    await take(store, "dead")
    await hours.go_by(LEASE_S - 2)
    assert await take(store, "w2") == []

    await hours.go_by(3)
    [again] = await take(store, "w2")

    assert again.tries == 2
    [lost] = await store.deliveries.attempts("msg_1")
    assert (lost.worker, lost.outcome, lost.number) == ("dead", "lost", 1)


async def test_a_worker_that_lives_keeps_its_work(store: Store, hours: Hours) -> None:
    await store.deliveries.queue([new()])
    await take(store, "w1")
    for _ in range(3):
        await hours.go_by(LEASE_S - 2)
        assert await store.deliveries.renew("w1", ["msg_1"]) == 1

    assert await take(store, "w2") == []
    assert await store.deliveries.renew("w2", ["msg_1"]) == 0


async def test_a_note_that_comes_too_late_changes_nothing_but_is_kept(
    store: Store, hours: Hours
) -> None:
    await store.deliveries.queue([new()])
    [first] = await take(store, "slow")
    await hours.go_by(LEASE_S + 1)
    [second] = await take(store, "w2")

    assert not await store.deliveries.settle("slow", first, DONE, again_after_s=None)
    assert (await store.deliveries.page())[0].state == "sending"
    assert await store.deliveries.settle("w2", second, DONE, again_after_s=None)

    attempts = await store.deliveries.attempts("msg_1")
    assert [(one.number, one.outcome, one.worker) for one in attempts] == [
        (1, "delivered", "slow"),
        (2, "delivered", "w2"),
    ]


async def test_a_failed_try_comes_back_when_its_wait_is_over(store: Store, hours: Hours) -> None:
    await store.deliveries.queue([new()])
    [parcel] = await take(store)
    await store.deliveries.settle("w1", parcel, LATER, again_after_s=60)

    assert await take(store) == []
    await hours.go_by(61)
    [again] = await take(store)
    assert again.tries == 2


async def test_the_newest_goes_first_and_the_oldest_when_it_is_its_turn(
    store: Store, hours: Hours
) -> None:
    await store.deliveries.queue([new(1)])
    await hours.go_by(3600)
    await store.deliveries.queue([new(2)])
    await hours.go_by(60)
    await store.deliveries.queue([new(3)])

    [newest] = await take(store, limit=1)
    [oldest] = await store.deliveries.take("w1", limit=1, busy={}, oldest_first=True)

    assert (newest.delivery_id, oldest.delivery_id) == ("msg_3", "msg_1")


async def test_a_crowded_lane_leaves_the_others_their_turn(store: Store) -> None:
    await store.deliveries.queue([new(n, lane="wh_busy") for n in range(500)])
    await store.deliveries.queue([new(1000 + n, lane=f"wh_{n}") for n in range(3)])

    lanes = {parcel.lane for parcel in await take(store, limit=50)}
    assert lanes == {"wh_busy", "wh_0", "wh_1", "wh_2"}

    busy = {"wh_busy": LANE_ROOM}
    assert await store.deliveries.take("w1", limit=50, busy=busy) == []


async def test_lanes_take_turns_even_when_there_is_room_for_one_only(store: Store) -> None:
    await store.deliveries.queue([new(n, lane=f"wh_{n % 3}") for n in range(30)])

    lanes = [(await take(store, limit=1))[0].lane for _ in range(6)]

    assert lanes == ["wh_0", "wh_1", "wh_2"] * 2


async def test_a_lane_that_keeps_failing_rests_then_one_delivery_tries_it(
    store: Store, hours: Hours
) -> None:
    await store.orders.add(order())
    await store.deliveries.queue([new(n) for n in range(20)])
    for _ in range(3):
        parcel = (await take(store, limit=1))[0]
        await store.deliveries.settle("w1", parcel, BAD_LANE, again_after_s=3600)

    assert await take(store) == []
    await hours.go_by(11)
    [probe] = await take(store)
    assert probe.is_lane_failing

    await store.deliveries.settle("w1", probe, DONE, again_after_s=None)
    assert len(await take(store)) == LANE_ROOM


async def test_gone_disables_the_order_and_what_waits_is_dead_until_a_person_acts(
    store: Store,
) -> None:
    await store.orders.add(order())
    await store.deliveries.queue([new(1), new(2)])
    [parcel, other] = await take(store)
    gone = Verdict(outcome="never", status=410, said="HTTP 410", is_gone=True)
    await store.deliveries.settle("w1", other, LATER, again_after_s=60)
    await store.deliveries.settle("w1", parcel, gone, again_after_s=None)

    disabled = await store.orders.read("wh_1")
    assert disabled is not None
    assert (disabled.is_live, disabled.disabled_why) == (False, "HTTP 410")
    assert {one.state for one in await store.deliveries.page()} == {"dead"}

    assert await store.orders.enable("wh_1")
    assert await store.deliveries.replay(["msg_1", "msg_2"]) == 2
    assert len(await take(store)) == 2


async def test_nothing_is_tried_more_than_ten_times(store: Store, hours: Hours) -> None:
    await store.deliveries.queue([new()])
    for _ in range(MAX_TRIES):  # each worker dies
        assert len(await take(store)) == 1
        await hours.go_by(LEASE_S + 1)

    assert await take(store) == []
    await store.deliveries.sweep()
    [dead] = await store.deliveries.page(state="dead")
    assert dead.settled_at is not None
    assert len(await store.deliveries.attempts("msg_1")) == MAX_TRIES - 1


async def test_what_is_five_days_old_is_given_up_whatever_its_lane_does(
    store: Store, hours: Hours
) -> None:
    await store.deliveries.queue([new()])
    await hours.go_by(5 * 86_400 + 1)
    await store.deliveries.sweep()

    [dead] = await store.deliveries.page()
    assert (dead.state, dead.said) == ("dead", "it did not arrive in time")


async def test_an_endpoint_that_failed_for_days_is_disabled(store: Store, hours: Hours) -> None:
    await store.orders.add(order())
    await store.deliveries.queue([new(n) for n in range(12)])
    for _ in range(10):
        parcel = (await take(store, limit=1))[0]
        await store.deliveries.settle("w1", parcel, BAD_LANE, again_after_s=10 * 86_400)
        await hours.go_by(1_000)
    await store.deliveries.sweep()
    assert (await store.orders.read("wh_1")).is_live  # type: ignore[union-attr]

    await hours.go_by(5 * 86_400 - 5_000)
    await store.deliveries.sweep()
    assert not (await store.orders.read("wh_1")).is_live  # type: ignore[union-attr]


async def test_what_was_settled_is_kept_for_its_time_and_the_dead_for_longer(
    store: Store, hours: Hours
) -> None:
    await store.deliveries.queue([new(1), new(2)])
    [one, other] = await take(store)
    await store.deliveries.settle("w1", one, DONE, again_after_s=None)
    await store.deliveries.settle("w1", other, NEVER, again_after_s=None)

    await hours.go_by(31 * 86_400)
    await store.deliveries.sweep()
    assert [each.state for each in await store.deliveries.page()] == ["dead"]
    await hours.go_by(60 * 86_400)
    await store.deliveries.sweep()
    assert await store.deliveries.page() == []
    assert await store.deliveries.attempts("msg_1") == []


async def test_a_replay_starts_afresh_and_what_is_on_its_way_is_left_alone(store: Store) -> None:
    await store.deliveries.queue([new(1)])
    [parcel] = await take(store)
    assert await store.deliveries.replay(["msg_1"]) == 0
    await store.deliveries.settle("w1", parcel, NEVER, again_after_s=None)

    assert await store.deliveries.replay(["msg_1", "msg_2"]) == 1
    [again] = await take(store)
    assert (again.round, again.tries) == (1, 1)


async def test_a_time_range_is_replayed_all_of_it_or_its_dead(store: Store) -> None:
    await store.orders.add(order())
    await store.deliveries.queue([new(n, lane=f"wh_{n}") for n in range(4)])
    for parcel in await take(store):
        verdict = NEVER if parcel.delivery_id == "msg_1" else DONE
        await store.deliveries.settle("w1", parcel, verdict, again_after_s=None)
    since, until = NOON + timedelta(seconds=1), NOON + timedelta(seconds=3)

    replay = store.deliveries.replay_range
    assert await replay("wh_1", since=since, until=until, dead_only=True) == 1
    assert await replay("wh_1", since=since, until=until, dead_only=False) == 1
    assert await replay("other", since=since, until=until, dead_only=False) == 0


async def test_a_list_goes_back_page_by_page_and_every_filter_narrows_it(store: Store) -> None:
    await store.deliveries.queue([new(n, seller=f"S{n % 2}") for n in range(6)])

    newest = await store.deliveries.page(limit=4)
    rest = await store.deliveries.page(limit=4, before=newest[-1].place)
    assert [one.delivery_id for one in [*newest, *rest]] == [f"msg_{n}" for n in range(5, -1, -1)]
    assert len(await store.deliveries.page(seller="S1", state="waiting", tenant="t")) == 3
    assert await store.deliveries.page(seller="S1", order_id="other") == []


async def test_an_ended_order_cancels_what_it_had_waiting(store: Store) -> None:
    await store.orders.add(order())
    await store.deliveries.queue([new(1)])

    assert await store.orders.end("wh_1", at=NOON)
    assert not await store.orders.end("wh_1", at=NOON)
    assert [one.state for one in await store.deliveries.page()] == ["cancelled"]
    assert await store.orders.of_tenant("t", channel="webhook") == []


# From the outbox ------------------------------------------------------------------------------


async def outbox(database: Database) -> int:
    connection = await asyncpg.connect(database.owner)
    try:
        count: int = await connection.fetchval(
            "SELECT count(*) FROM outbox WHERE topic = 'delivery'"
        )
        return count
    finally:
        await connection.close()


async def test_where_nobody_ordered_anything_the_outbox_is_swept(
    store: Store, database: Database
) -> None:
    await grant(store)
    for n in range(5):
        await store.ledger.record(entry(f"sale-{n}", n))

    assert await store.deliveries.expand(OrderBook) == 5
    assert await outbox(database) == 0
    assert await store.deliveries.page() == []


async def test_every_invoice_since_an_order_is_sent_once(store: Store, clock: StoppedClock) -> None:
    await grant(store)
    await store.ledger.record(entry("before", 1))
    clock.advance(timedelta(minutes=1))
    await store.orders.add(order(created_at=clock.now()))
    receipts = [await store.ledger.record(entry(f"sale-{n}", n)) for n in range(3)]

    while await store.deliveries.expand(OrderBook):
        pass

    queued = await store.deliveries.page()
    assert {one.subject for one in queued} == {receipt.number for receipt in receipts}
    [parcel] = await take(store, limit=1)
    body = msgspec.json.decode(parcel.body)
    assert (body["type"], body["data"]["number"]) == ("invoice.issued", parcel.subject)
    assert parcel.order == await store.orders.read("wh_1")


async def test_orders_for_others_and_ended_or_disabled_ones_see_nothing(store: Store) -> None:
    await grant(store)
    await store.orders.add(order(sellers=("91310000MA1FL00000",)))
    await store.orders.add(order(order_id="wh_2", buyer="91310000MA1FL00000"))
    await store.orders.add(order(order_id="wh_3", events=("invoice.reversed",)))
    await store.orders.add(order(order_id="wh_4", ended_at=NOON))
    await store.orders.add(order(order_id="wh_5", disabled_at=NOON))
    await store.ledger.record(entry("sale"))

    assert await store.deliveries.expand(OrderBook) == 1
    assert await store.deliveries.page() == []


async def test_workers_who_expand_at_once_look_at_each_batch_once(store: Store) -> None:
    await grant(store)
    await store.orders.add(order(sellers=("*",)))
    wanted = 3 * BATCHES_AT_ONCE
    for n in range(wanted):
        await store.ledger.record(entry(f"sale-{n}", n))

    async def drain() -> int:
        looked = 0
        while some := await store.deliveries.expand(OrderBook):
            looked += some
        return looked

    assert sum(await asyncio.gather(drain(), drain(), drain())) == wanted
    assert len(await store.deliveries.page(limit=500)) == wanted


async def test_every_step_of_a_form_is_told_once_as_it_was_then(store: Store) -> None:
    await store.orders.add(order(sellers=("S",), events=("confirmation.changed",)))
    await store.orders.add(order(order_id="wh_2", sellers=("*",), events=("invoice.issued",)))
    form = make_form()
    await store.confirmations.open(form, key=KEY, asked=ASKED)
    await store.confirmations.open(form, key=KEY, asked=ASKED)
    assert await store.confirmations.advance(form, moved(form, "04"))
    other = make_form(2)
    await store.confirmations.open(other, key=KEY, asked=ASKED)
    assert await store.confirmations.lapse(other.lapses_at) == 1

    while await store.deliveries.expand(OrderBook):
        pass

    told = [msgspec.json.decode(parcel.body)["data"] for parcel in await take(store)]
    assert {(one["form_id"], one["state"]) for one in told} == {
        (form.form_id, "02"), (form.form_id, "04"), (other.form_id, "02"), (other.form_id, "07"),
    }  # fmt: skip
    assert len(told) == 4


async def test_what_happens_to_forms_is_swept_where_nobody_listens(store: Store) -> None:
    await store.confirmations.open(make_form(), key=KEY, asked=ASKED)

    assert await store.deliveries.expand(OrderBook) == 1
    assert await store.deliveries.expand(OrderBook) == 0
