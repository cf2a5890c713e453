"""The clock steps back and forth over the ends of months and years; what it says at the commit
decides, and nothing but that."""

from datetime import datetime, timedelta
from random import Random

import pytest

from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.month import BEIJING, beijing_day, tax_month
from kaipiao.issuing.issue import compose_entry
from tests.clocks import StoppedClock
from tests.stores import PLENTY_FEN, OpenStore
from tests.strategies import SELLER, make_draft

YEAR_END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=BEIJING)
STEPS = [timedelta(seconds=2), timedelta(days=31), timedelta(days=-31), timedelta(days=-1)]


@pytest.mark.parametrize("seed", range(3))
async def test_numbers_months_and_credit_follow_the_clock_wherever_it_steps(
    seed: int, open_store: OpenStore, clock: StoppedClock
) -> None:
    rng, store, other = Random(seed), await open_store(), await open_store()
    clock.set(YEAR_END)
    await store.credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=tax_month(clock.now()))
    drawn: dict[int, int] = {}
    numbers = []
    for sale in range(60):
        entry = compose_entry(make_draft(sale), IdempotencyKey(f"sale-{sale}"))
        receipt = await rng.choice([store, other]).ledger.record(entry)
        month = tax_month(clock.now())
        drawn[month] = drawn.get(month, 0) + receipt.totals.net_fen
        numbers.append(receipt.number)
        assert receipt.issued_at == clock.now()
        assert receipt.number[:2] == f"{beijing_day(clock.now()).year % 100:02}"
        clock.advance(rng.choice(STEPS))

    assert len(set(numbers)) == len(numbers)
    assert len({number[:2] for number in numbers}) > 1, "the year never changed"
    for month, fen in drawn.items():
        line = await store.credit.line(SELLER.taxpayer_id, month=month)
        assert line is not None
        assert line.drawn_fen == fen
    assert await store.order.sequence() == len(numbers)
