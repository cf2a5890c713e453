"""What every store of confirmation forms promises."""

from datetime import timedelta

import msgspec
import pytest

from kaipiao.base.canonical import digest
from kaipiao.errors import KeyReused
from kaipiao.fiscal.confirmation import Confirmation, State
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.red_letter import LineAsk, ReversalAsk
from tests.clocks import NOON
from tests.stores import OpenStore, Store

KEY = IdempotencyKey("form")
ASKED = digest(b"what was asked")
LAPSES_AT = NOON + timedelta(hours=72)


def make_form(n: int = 1, state: State = "02", **changes: object) -> Confirmation:
    form = Confirmation(
        form_id=f"{n:020}",
        original="26311000000000000001",
        seller="S",
        buyer="B",
        started_by="seller",
        ask=ReversalAsk(reason="02", lines=(LineAsk(line=0, net_fen=5), LineAsk(line=2))),
        state=state,
        opened_at=NOON,
        lapses_at=LAPSES_AT,
        changed_at=NOON,
    )
    return msgspec.structs.replace(form, **changes)


def moved(form: Confirmation, state: State) -> Confirmation:
    return msgspec.structs.replace(form, state=state, changed_at=NOON + timedelta(hours=1))


async def test_a_form_comes_back_as_it_was_opened(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()

    assert await here.confirmations.open(make_form(), key=KEY, asked=ASKED) == make_form()

    assert await there.confirmations.read(make_form().form_id) == make_form()
    assert await there.confirmations.read("0" * 20) is None


async def test_a_repeat_gets_the_first_form_as_it_stands_now(store: Store) -> None:
    await store.confirmations.open(make_form(), key=KEY, asked=ASKED)
    await store.confirmations.advance(make_form(), moved(make_form(), "04"))
    later = make_form(opened_at=LAPSES_AT, changed_at=LAPSES_AT)

    again = await store.confirmations.open(later, key=KEY, asked=ASKED)

    assert again == moved(make_form(), "04")
    with pytest.raises(KeyReused):
        await store.confirmations.open(make_form(), key=KEY, asked=digest(b"something else"))


async def test_of_two_who_change_a_form_one_wins(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()
    await here.confirmations.open(make_form(), key=KEY, asked=ASKED)

    first = await here.confirmations.advance(make_form(), moved(make_form(), "04"))
    second = await there.confirmations.advance(make_form(), moved(make_form(), "05"))

    assert (first, second) == (True, False)
    assert await here.confirmations.read(make_form().form_id) == moved(make_form(), "04")
    assert not await here.confirmations.advance(make_form(9), moved(make_form(9), "04"))


async def test_only_what_waits_lapses_and_only_when_its_time_has_come(store: Store) -> None:
    for n, state in enumerate(("01", "02", "03", "04", "05", "08"), 1):
        await store.confirmations.open(
            make_form(n, state), key=IdempotencyKey(f"form-{n}"), asked=ASKED
        )
    a_moment_before = LAPSES_AT - timedelta(microseconds=1)

    assert await store.confirmations.lapse(a_moment_before) == 0
    assert await store.confirmations.lapse(LAPSES_AT) == 2
    assert await store.confirmations.lapse(LAPSES_AT) == 0

    forms = await store.confirmations.of_taxpayer("S", after="", limit=10)
    assert [form.state for form in forms] == ["01", "07", "07", "04", "05", "08"]
    assert forms[1] == make_form(2, "07", changed_at=LAPSES_AT)


async def test_a_taxpayers_forms_come_in_order_of_id_and_page_by_page(store: Store) -> None:
    for n in (3, 1, 2, 5, 4):
        seller, buyer = ("S", "B") if n % 2 else ("B", "S")
        await store.confirmations.open(
            make_form(n, seller=seller, buyer=buyer), key=IdempotencyKey(f"form-{n}"), asked=ASKED
        )
    await store.confirmations.open(make_form(6, seller="X", buyer="Y"), key=KEY, asked=ASKED)

    first = await store.confirmations.of_taxpayer("S", after="", limit=3)
    rest = await store.confirmations.of_taxpayer("S", after=first[-1].form_id, limit=3)

    assert [int(form.form_id) for form in (*first, *rest)] == [1, 2, 3, 4, 5]
