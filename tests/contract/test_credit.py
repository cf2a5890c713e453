"""What every book of credit lines promises."""

import pytest

from kaipiao.errors import CreditLineExhausted, CreditLineMissing
from kaipiao.fiscal.credit import CreditLine
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.month import TaxMonth
from tests.stores import NOVEMBER, OpenStore, Store, entry, grant
from tests.strategies import SELLER

WHO = SELLER.taxpayer_id
DECEMBER = TaxMonth(202612)


def line(limit_fen: int, drawn_fen: int = 0, month: int = NOVEMBER) -> CreditLine:
    return CreditLine(
        seller=WHO, month=TaxMonth(month), limit_fen=Fen(limit_fen), drawn_fen=Fen(drawn_fen)
    )


async def test_a_line_is_what_was_granted_less_what_was_drawn(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()

    assert await here.credit.line(WHO, month=NOVEMBER) is None
    assert await here.credit.grant(WHO, 100_000, month=NOVEMBER) == line(100_000)
    await here.ledger.record(entry("sale"))

    assert await there.credit.line(WHO, month=NOVEMBER) == line(100_000, entry("sale").draws_fen)


async def test_a_grant_stands_for_the_months_to_come_and_an_adjustment_does_not(
    store: Store,
) -> None:
    await grant(store, 100_000)

    assert await store.credit.adjust(WHO, 70_000, month=NOVEMBER) == line(70_000)

    assert await store.credit.line(WHO, month=NOVEMBER) == line(70_000)
    assert await store.credit.line(WHO, month=DECEMBER) == line(100_000, month=DECEMBER)


async def test_a_limit_below_what_is_drawn_is_refused_and_changes_nothing(store: Store) -> None:
    await grant(store, 100_000)
    await store.ledger.record(entry("sale"))
    before = await store.credit.line(WHO, month=NOVEMBER)

    for change in (store.credit.grant, store.credit.adjust):
        with pytest.raises(CreditLineExhausted):
            await change(WHO, 1_000, month=NOVEMBER)

    assert await store.credit.line(WHO, month=NOVEMBER) == before
    assert await store.credit.line(WHO, month=DECEMBER) == line(100_000, month=DECEMBER)


async def test_only_a_line_that_is_there_can_be_adjusted(store: Store) -> None:
    with pytest.raises(CreditLineMissing):
        await store.credit.adjust(WHO, 1_000, month=NOVEMBER)

    assert await store.credit.line(WHO, month=NOVEMBER) is None


async def test_a_month_is_opened_once_for_everyone_with_a_standing_limit(store: Store) -> None:
    await grant(store, 100_000)
    await store.credit.grant("91310000OTHER00000", 5, month=NOVEMBER)
    await store.credit.adjust(WHO, 60_000, month=NOVEMBER)

    assert await store.credit.roll(NOVEMBER) == 0
    assert await store.credit.roll(DECEMBER) == 2
    assert await store.credit.roll(DECEMBER) == 0

    assert await store.credit.line(WHO, month=NOVEMBER) == line(60_000)
    assert await store.credit.line(WHO, month=DECEMBER) == line(100_000, month=DECEMBER)
