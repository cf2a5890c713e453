"""What every audit trail promises, and the order of the log that is made of it."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from kaipiao.errors import Outage
from kaipiao.fiscal.audit import Actor, AuditEvent, event_content, leaf_of_event
from kaipiao.ports import AuditQuery
from tests.clocks import NOON
from tests.stores import OpenStore, Store

OPERATOR = Actor(kind="key", id="k1", tenant="t", name="operator")


def make_event(n: int = 1, **changes: object) -> AuditEvent:
    event = AuditEvent(
        event_id=f"{n:032x}",
        at=NOON + timedelta(minutes=n),
        actor=OPERATOR,
        action="key.revoke",
        object=f"key{n}",
        decision="allowed",
        rule="admin",
        stage="asked",
        facts={"tenant": "张三"},
    )
    return msgspec.structs.replace(event, **changes)


async def test_events_are_read_as_they_were_written(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()

    await here.audit.append([make_event(1), make_event(2)])

    found = await there.audit.read(make_event(2).event_id)
    assert found is not None
    assert (found.event, found.index) == (make_event(2), 1)
    assert found.content == event_content(make_event(2))
    assert await there.audit.read("nobody") is None
    assert await there.audit.kept() == (0, 2)


async def test_leaves_stand_in_the_order_of_the_events_and_are_made_of_them(
    open_store: OpenStore,
) -> None:
    here, there = await open_store(), await open_store()
    assert await here.audit_order.sequence() == 0
    for n in range(5):
        await (here if n % 2 else there).audit.append([make_event(n)])

    kept = [await here.audit.read(make_event(n).event_id) for n in range(5)]
    leaves = await there.audit_order.leaves(0, 100)

    assert await there.audit_order.sequence() == 5
    assert leaves == [leaf_of_event(one.content, one.salt) for one in kept if one]
    assert await there.audit_order.leaves(3, 1) == [leaves[3]]
    assert len({one.salt for one in kept if one}) == 5


async def test_many_who_write_at_once_leave_no_gap(open_store: OpenStore) -> None:
    """Whoever reads the order meanwhile sees a beginning of what there will be."""
    stores = [await open_store() for _ in range(3)]
    seen: list[list[bytes]] = []

    async def write(n: int) -> None:
        await stores[n % 3].audit.append([make_event(2 * n), make_event(2 * n + 1)])
        size = await stores[0].audit_order.sequence()
        seen.append((await stores[1].audit_order.leaves(0, 100))[:size])

    await asyncio.gather(*(write(n) for n in range(12)))

    last = await stores[2].audit_order.leaves(0, 100)
    assert len(last) == await stores[0].audit_order.sequence() == 24
    assert all(last[: len(leaves)] == leaves for leaves in seen)
    kept = await stores[0].audit.page(AuditQuery())
    assert [one.index for one in kept] == list(reversed(range(24)))
    for one in kept:  # the two of one call stand side by side
        assert int(one.event.event_id, 16) % 2 == one.index % 2


async def test_an_id_is_written_once(store: Store) -> None:
    await store.audit.append([make_event(1)])

    with pytest.raises(Exception, match="event_id"):
        await store.audit.append([make_event(2), make_event(1)])

    assert await store.audit.kept() == (0, 1)


async def test_pages_go_from_the_newest_back_and_filters_narrow(store: Store) -> None:
    other = Actor(kind="operator", id="1000", name="root")
    await store.audit.append([make_event(n) for n in range(5)])
    await store.audit.append([make_event(7, actor=other, action="archive.run", object="x")])

    async def found(before: int | None = None, limit: int = 100, **wanted: object) -> list[int]:
        query = AuditQuery(**wanted)  # type: ignore[arg-type]
        page = await store.audit.page(query, before=before, limit=limit)
        return [one.index for one in page]

    assert await found() == [5, 4, 3, 2, 1, 0]
    assert await found(limit=2) == [5, 4]
    assert await found(before=4, limit=2) == [3, 2]
    assert await found(action="archive.run") == await found(actor="1000") == [5]
    assert await found(object="key3") == [3]
    assert await found(tenant="t") == [4, 3, 2, 1, 0]
    assert await found(tenant="u") == []
    minute = timedelta(minutes=1)
    assert await found(since=NOON + minute, until=NOON + 3 * minute) == [2, 1]


async def test_what_was_asked_waits_for_its_outcome(store: Store) -> None:
    await store.audit.append([make_event(1), make_event(2), make_event(3, stage="noted")])
    await store.audit.append([make_event(4, stage="done", about=make_event(1).event_id)])

    [waiting] = await store.audit.unanswered(older_than_s=-1)

    assert waiting.event == make_event(2)
    assert await store.audit.unanswered(older_than_s=60) == []


async def test_nothing_young_is_forgotten(store: Store) -> None:
    await store.audit.append([make_event(1), make_event(2)])

    assert await store.audit.forgettable(days=184) is None
    assert await store.audit.forget(days=0, through=1) == 0
    assert await store.audit.kept() == (0, 2)


async def test_what_is_too_long_is_cut_and_control_characters_go(store: Store) -> None:
    long = make_event(1, object="票" * 5_000, rule="a\0b\n", facts={"why": "é" * 5_000})

    await store.audit.append([long])

    found = await store.audit.read(long.event_id)
    assert found is not None
    assert found.event.object == "票" * 50 + "…"
    assert found.event.rule == "a?b?"
    assert len(found.content) < 1_000


async def test_a_cut_line_is_an_outage(open_store: OpenStore) -> None:
    store = await open_store()
    await store.close()
    if hasattr(store, "pool"):
        with pytest.raises(Outage):
            await store.audit.append([make_event(1)])
