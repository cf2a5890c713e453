"""What every ledger promises about red letters, even if the use case above it forgot to ask."""

import asyncio
from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from kaipiao.base.canonical import digest
from kaipiao.errors import ConfirmationNeeded, ConfirmationRefused, RulesBroken
from kaipiao.fiscal.confirmation import Confirmation, State
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import ReversalAsk
from tests.clocks import NOON
from tests.stores import OpenStore, Store, entry, grant, red_entry

FORM = "0" * 19 + "1"


async def sell(store: Store) -> InvoiceNumber:
    await grant(store)
    return (await store.ledger.record(entry("sale"))).number


async def open_form(store: Store, original: InvoiceNumber, state: State) -> None:
    form = Confirmation(
        form_id=FORM,
        original=original,
        seller="S",
        buyer="B",
        started_by="seller",
        ask=ReversalAsk(reason="01"),
        state=state,
        opened_at=NOON,
        lapses_at=NOON + timedelta(hours=72),
        changed_at=NOON,
    )
    await store.confirmations.open(form, key=IdempotencyKey("form"), asked=digest(b"form"))


async def test_a_line_never_gives_back_more_than_it_held(open_store: OpenStore) -> None:
    stores = [await open_store(), await open_store()]
    original = await sell(stores[0])

    outcomes = await asyncio.gather(
        *(stores[n % 2].ledger.record(red_entry(original, f"red-{n}")) for n in range(6)),
        return_exceptions=True,
    )

    assert Counter(type(one) for one in outcomes) == {Receipt: 1, RulesBroken: 5}
    assert len(await stores[0].ledger.red_letters(original)) == 1


async def test_a_used_original_is_reversed_only_by_agreement(store: Store) -> None:
    original = await sell(store)
    await store.uses.note_use(original, "deducted", at=NOON)

    with pytest.raises(ConfirmationNeeded):
        await store.ledger.record(red_entry(original, "red-1"))
    receipt = await store.ledger.record(red_entry(original, "red-2", agreed=True))

    assert await store.ledger.red_letters(original) == [receipt.number]


async def test_a_use_is_recorded_once(store: Store) -> None:
    original = await sell(store)
    assert await store.uses.uses(original) == frozenset()

    for _ in range(2):
        await store.uses.note_use(original, "deducted", at=NOON)
    await store.uses.note_use(original, "booked", at=NOON)

    assert await store.uses.uses(original) == {"deducted", "booked"}


async def test_a_form_is_spent_by_one_red_letter(store: Store) -> None:
    original = await sell(store)
    await open_form(store, original, "04")

    first = await store.ledger.record(red_entry(original, "red-1", form_id=FORM))
    again = red_entry(await sell_another(store), "red-2", form_id=FORM)
    with pytest.raises(ConfirmationRefused):
        await store.ledger.record(again)

    form = await store.confirmations.read(FORM)
    assert form is not None
    assert form.red_letter == first.number


@pytest.mark.parametrize("state", ["02", "03", "05", "06", "07", "08", "09", "10"])
async def test_a_form_that_is_not_agreed_cannot_be_spent(store: Store, state: State) -> None:
    original = await sell(store)
    await open_form(store, original, state)

    with pytest.raises(ConfirmationRefused):
        await store.ledger.record(red_entry(original, "red-1", form_id=FORM))

    assert await store.ledger.red_letters(original) == []


async def sell_another(store: Store) -> InvoiceNumber:
    return (await store.ledger.record(entry("sale-2"))).number


async def test_a_repeated_red_letter_is_answered_though_nothing_is_left(
    open_store: OpenStore,
) -> None:
    """Its form is spent, its line is at zero, and a process that never heard of it is asked."""
    here, there = await open_store(), await open_store()
    original = await sell(here)
    await open_form(here, original, "04")
    red = red_entry(original, "red", agreed=True, form_id=FORM)
    first = await here.ledger.record(red)

    again = await there.ledger.record(red)

    assert again == msgspec.structs.replace(first, replayed=True)
    assert await here.ledger.red_letters(original) == [first.number]
