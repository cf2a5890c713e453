"""Issuing: what is checked is recorded, a yes stands, a no leaves no trace."""

from datetime import date

import pytest

from kaipiao.errors import KeyReused, RulesBroken
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.violation import Violation
from kaipiao.issuing.issue import Ask, Issuing, Law
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.stores import grant
from tests.strategies import SELLER, lawful_draft, make_draft

KEY = IdempotencyKey("sale-1")
GONE = Violation(code="rate-abolished", path="/lines/0/rate_bp", zh="已取消", en="is gone")


def lenient(draft: Draft, *, on: date) -> list[Violation]:
    return []


def strict(draft: Draft, *, on: date) -> list[Violation]:
    return [GONE]


def issuing(store: Store, clock: StoppedClock, law: Law) -> Issuing:
    return Issuing(ledger=store.ledger, clock=clock, law=law)


async def test_a_new_law_does_not_unsay_yesterdays_yes(store: Store, clock: StoppedClock) -> None:
    """The answer was lost, the law changed overnight, and the seller asks again."""
    await grant(store)
    first = await issuing(store, clock, lenient).issue(lawful_draft(), key=KEY)

    again = await issuing(store, clock, strict).issue(lawful_draft(), key=KEY)

    assert (again.number, again.replayed) == (first.number, True)
    with pytest.raises(RulesBroken):
        await issuing(store, clock, strict).issue(lawful_draft(), key=IdempotencyKey("sale-2"))


async def test_a_broken_draft_under_a_used_key_is_a_used_key(
    store: Store, clock: StoppedClock
) -> None:
    await grant(store)
    await issuing(store, clock, lenient).issue(lawful_draft(), key=KEY)

    with pytest.raises(KeyReused):
        await issuing(store, clock, strict).issue(lawful_draft(remark="other"), key=KEY)


async def test_a_warning_never_stops_an_invoice(store: Store, clock: StoppedClock) -> None:
    def worried(draft: Draft, *, on: date) -> list[Violation]:
        return [Violation(code="w", path="", zh="注意", en="mind", severity="warning")]

    await grant(store)
    receipt = await issuing(store, clock, worried).issue(lawful_draft(), key=KEY)

    assert receipt.number == "26311000000000000001"


async def test_the_law_is_asked_about_the_day_in_beijing(store: Store, clock: StoppedClock) -> None:
    days: list[date] = []

    def noting(draft: Draft, *, on: date) -> list[Violation]:
        days.append(on)
        return []

    await grant(store)
    clock.set(clock.now().replace(day=23, hour=16))  # 24 November has begun in Beijing
    await issuing(store, clock, noting).issue(lawful_draft(), key=KEY)

    assert days == [date(2026, 11, 24)]


async def test_a_crowd_gets_its_outcomes_in_order(store: Store, clock: StoppedClock) -> None:
    def picky(draft: Draft, *, on: date) -> list[Violation]:
        return [GONE] if draft.remark == "bad" else []

    await grant(store)
    drafts = [make_draft(n, remark="bad" if n % 3 == 0 else "") for n in range(12)]
    asks = [Ask(IdempotencyKey(f"sale-{n}"), draft) for n, draft in enumerate(drafts)]

    outcomes = await issuing(store, clock, picky).issue_all(asks)

    for n, outcome in enumerate(outcomes):
        if n % 3 == 0:
            assert isinstance(outcome, RulesBroken)
        else:
            assert isinstance(outcome, Receipt)
            assert outcome.key == f"sale-{n}"
    page = await _all(store)
    assert len(page) == 8


async def _all(store: Store) -> list[str]:
    await store.order.sequence()
    page = await store.ledger.page(SELLER.taxpayer_id)
    return [invoice.key for invoice in page.invoices]
