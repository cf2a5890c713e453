"""What every ledger promises, whatever it is made of."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from kaipiao.base.canonical import digest
from kaipiao.errors import CreditLineExhausted, CreditLineMissing, KeyReused
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.leaf import leaf_of, microseconds
from kaipiao.fiscal.number import parse_number
from kaipiao.ports import Entry
from tests.clocks import StoppedClock
from tests.stores import NOVEMBER, OpenStore, Store, entry, grant
from tests.strategies import SELLER, make_draft

KEY = IdempotencyKey("sale-1")


async def entering(store: Store, asked: Entry) -> Receipt | Exception:
    """What ``enter`` tells."""
    told: asyncio.Future[Receipt | Exception] = asyncio.get_running_loop().create_future()
    store.ledger.enter(asked, told.set_result)
    return await told


async def left_fen(store: Store, month: int = NOVEMBER) -> int:
    line = await store.credit.line(SELLER.taxpayer_id, month=month)
    assert line is not None
    return line.left_fen


async def test_an_invoice_comes_back_as_it_was_issued(store: Store) -> None:
    await grant(store)
    asked = entry("sale-1")

    receipt = await store.ledger.record(asked)

    invoice = await store.ledger.read(receipt.number)
    assert invoice is not None
    assert invoice.draft == make_draft(1)
    assert invoice.lines == asked.lines
    assert (invoice.key, invoice.digest, invoice.totals) == (KEY, asked.digest, receipt.totals)
    assert invoice.issued_at == receipt.issued_at
    assert await store.ledger.find_key(SELLER.taxpayer_id, KEY) == invoice


async def test_the_same_key_gets_the_same_answer(store: Store) -> None:
    await grant(store, 100_000)

    first = await store.ledger.record(entry("sale-1"))
    again = await store.ledger.record(entry("sale-1"))

    assert again == msgspec.structs.replace(first, replayed=True)
    assert await left_fen(store) == 100_000 - entry("sale-1").draws_fen


async def test_a_repeat_at_another_process_gets_the_first_answer(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()
    await grant(here)

    first = await here.ledger.record(entry("sale-1"))
    again = await there.ledger.record(entry("sale-1"))

    assert again == msgspec.structs.replace(first, replayed=True)


async def test_a_key_names_one_sale_only(open_store: OpenStore) -> None:
    here, there = await open_store(), await open_store()
    await grant(here, 100_000)
    await here.ledger.record(entry("sale-1", n=1))
    left = await left_fen(here)

    for store in (here, there):
        with pytest.raises(KeyReused):
            await store.ledger.record(entry("sale-1", n=2))
        with pytest.raises(KeyReused):
            await store.ledger.recall(SELLER.taxpayer_id, KEY, asked=entry("sale-1", n=2).asked)
    assert await left_fen(here) == left


async def test_a_repeat_is_answered_though_the_line_is_used_up(open_store: OpenStore) -> None:
    """At a process that has never heard of it, alone and beside others that do not fit either."""
    here, there, elsewhere = [await open_store() for _ in range(3)]
    await grant(here, entry("sale-1").draws_fen)
    first = await here.ledger.record(entry("sale-1"))

    again = await there.ledger.record(entry("sale-1"))
    crowd = [*(entry(f"poor-{n}") for n in range(1_200)), entry("sale-1")]
    outcomes = await elsewhere.ledger.record_all(crowd)

    assert again == outcomes[-1] == msgspec.structs.replace(first, replayed=True)
    assert Counter(type(one) for one in outcomes) == {CreditLineExhausted: 1_200, Receipt: 1}


async def test_a_crowd_with_one_key_makes_one_invoice(open_store: OpenStore) -> None:
    """Twenty tills resend the same lost sale at once, at two processes."""
    stores = [await open_store(), await open_store()]
    await grant(stores[0])

    receipts = await asyncio.gather(
        *(stores[n % 2].ledger.record(entry("sale-1")) for n in range(20))
    )

    assert len({receipt.number for receipt in receipts}) == 1
    assert Counter(receipt.replayed for receipt in receipts) == {False: 1, True: 19}


async def test_a_crowd_cannot_overdraw_the_line(open_store: OpenStore) -> None:
    """Twenty tills at two processes, credit for seven sales: exactly seven are issued."""
    stores = [await open_store(), await open_store()]
    price = entry("till").draws_fen
    await grant(stores[0], 7 * price)

    outcomes = await asyncio.gather(
        *(stores[n % 2].ledger.record(entry(f"till-{n}")) for n in range(20)),
        return_exceptions=True,
    )

    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {Receipt: 7, CreditLineExhausted: 13}
    assert await left_fen(stores[0]) == 0


async def test_one_bad_invoice_never_fails_its_neighbours(store: Store) -> None:
    await grant(store)
    await store.ledger.record(entry("old"))
    crowd = [
        entry("good-1"),
        entry("old"),  # a repeat
        entry("old", n=9),  # its key is taken
        entry("poor", draws_fen=10**16),
        entry("stranger", seller="91310000NOBODY0000"),
        entry("good-2"),
    ]

    outcomes = await store.ledger.record_all(crowd)

    kinds = [type(outcome) for outcome in outcomes]
    expected = [Receipt, Receipt, KeyReused, CreditLineExhausted, CreditLineMissing, Receipt]
    assert kinds == expected


async def test_an_invoice_that_cannot_be_stored_fails_alone(store: Store) -> None:
    """A defect of ours in one entry: the others go through and the caller hears of the defect."""
    await grant(store)
    broken = entry("broken", seller="nul\0inside")

    outcomes = await asyncio.gather(
        store.ledger.record(entry("good-1")),
        store.ledger.record(broken),
        store.ledger.record(entry("good-2")),
        return_exceptions=True,
    )

    assert isinstance(outcomes[0], Receipt)
    assert isinstance(outcomes[1], Exception)
    assert isinstance(outcomes[2], Receipt)


async def test_entering_gives_what_recording_gives(store: Store) -> None:
    await grant(store, entry("sale-1").draws_fen)

    outcome = await entering(store, entry("sale-1"))
    again = await store.ledger.record(entry("sale-1"))
    refused = await entering(store, entry("sale-2"))
    reused = await entering(store, entry("sale-1", n=2))

    assert again == msgspec.structs.replace(outcome, replayed=True)
    assert isinstance(refused, CreditLineExhausted)
    assert isinstance(reused, KeyReused)


async def test_whoever_stops_listening_has_still_issued(store: Store) -> None:
    await grant(store)

    asyncio.ensure_future(store.ledger.record(entry("sale-1"))).cancel()
    store.ledger.enter(entry("sale-1"), lambda outcome: None)
    await store.ledger.record(entry("sale-2"))
    again = await store.ledger.record(entry("sale-1"))

    assert again.replayed


async def test_a_refusal_leaves_no_trace(store: Store) -> None:
    await grant(store, 1)

    with pytest.raises(CreditLineExhausted):
        await store.ledger.record(entry("sale-1"))

    assert await store.ledger.find_key(SELLER.taxpayer_id, KEY) is None
    assert await left_fen(store) == 1
    assert await store.order.sequence() == 0
    await grant(store)
    assert (await store.ledger.record(entry("sale-1"))).number.endswith("000001")


async def test_numbers_have_no_gap_whatever_is_refused_in_between(store: Store) -> None:
    await grant(store)
    await store.ledger.record(entry("taken"))
    crowd = []
    for n in range(300):
        crowd += [entry(f"sale-{n}"), entry("taken"), entry(f"poor-{n}", draws_fen=10**17)]

    outcomes = await store.ledger.record_all(crowd)

    fresh = [one for one in outcomes if isinstance(one, Receipt) and not one.replayed]
    serials = sorted(int(receipt.number[5:]) for receipt in fresh)
    assert serials == list(range(2, 302))


async def test_two_processes_never_share_a_number(open_store: OpenStore) -> None:
    stores = [await open_store(), await open_store()]
    await grant(stores[0])

    receipts = await asyncio.gather(
        *(stores[n % 2].ledger.record(entry(f"sale-{n}")) for n in range(400))
    )

    serials = sorted(int(receipt.number[5:]) for receipt in receipts)
    assert len(set(serials)) == 400
    runs = 1 + sum(after != before + 1 for before, after in pairwise(serials))
    assert runs == 2, "each process fills its own block without a gap"


async def test_a_block_is_carried_on_by_whoever_comes_next(open_store: OpenStore) -> None:
    first = await open_store()
    await grant(first)
    await first.ledger.record(entry("sale-1"))
    await first.close()

    second = await open_store()
    receipt = await second.ledger.record(entry("sale-2"))

    assert receipt.number.endswith("000002")


async def test_more_than_a_block_at_once(store: Store) -> None:
    await grant(store)

    outcomes = await store.ledger.record_all([entry(f"sale-{n}") for n in range(2_500)])

    serials = [int(one.number[5:]) for one in outcomes if isinstance(one, Receipt)]
    assert serials == list(range(1, 2_501))


async def test_the_new_year_begins_in_beijing(store: Store, clock: StoppedClock) -> None:
    """Both the number's year and the credit line's month follow the tax bureau's clock."""
    clock.set(datetime(2026, 12, 31, 16, 30, tzinfo=UTC))
    await grant(store, 100_000, month=202701)

    receipt = await store.ledger.record(entry("sale-1"))

    assert receipt.number.startswith("27311")
    assert await left_fen(store, 202701) == 100_000 - entry("sale-1").draws_fen


async def test_a_new_month_opens_with_the_standing_limit(store: Store, clock: StoppedClock) -> None:
    await grant(store, 100_000)
    clock.advance(timedelta(days=20))

    await store.ledger.record(entry("sale-1"))

    assert await left_fen(store, 202612) == 100_000 - entry("sale-1").draws_fen
    assert await left_fen(store) == 100_000


async def test_a_seller_without_a_line_is_told_so(store: Store) -> None:
    with pytest.raises(CreditLineMissing):
        await store.ledger.record(entry("sale-1"))


async def test_a_receipt_reads_the_same_for_ever(open_store: OpenStore) -> None:
    """Also from a process that has never heard of it, and after it got its place in the log."""
    here = await open_store()
    await grant(here)
    first = await here.ledger.record(entry("sale-1"))
    await here.order.sequence()
    there = await open_store()

    again = await there.ledger.recall(SELLER.taxpayer_id, KEY, asked=entry("sale-1").asked)

    assert again == msgspec.structs.replace(first, replayed=True)


async def test_a_digest_finds_the_invoice_before_and_after_it_is_ordered(store: Store) -> None:
    await grant(store)
    receipt = await store.ledger.record(entry("sale-1"))
    await store.ledger.record(entry("sale-2", n=2))

    for _ in range(2):
        found = await store.ledger.find_digest(entry("sale-1").digest)
        assert [invoice.number for invoice in found] == [receipt.number]
        await store.order.sequence()
    assert await store.ledger.find_digest(digest(b"no such invoice")) == []


async def test_every_leaf_opens_with_its_invoice(store: Store) -> None:
    await grant(store)
    outcomes = await store.ledger.record_all([entry(f"sale-{n}", n=n) for n in range(50)])
    assert await store.order.sequence() == 50

    leaves = await store.order.leaves(0, 1_000)

    assert len(leaves) == 50
    for outcome in outcomes:
        assert isinstance(outcome, Receipt)
        invoice = await store.ledger.read(outcome.number)
        assert invoice is not None
        assert invoice.log_index is not None
        issued_us = microseconds(invoice.issued_at)
        leaf = leaf_of(invoice.number, issued_us, invoice.totals, invoice.digest, invoice.salt)
        assert leaves[invoice.log_index] == leaf


async def test_the_order_never_changes_and_never_forgets(open_store: OpenStore) -> None:
    stores = [await open_store(), await open_store()]
    await grant(stores[0])
    seen: list[bytes] = []

    for round_ in range(5):
        await asyncio.gather(
            *(stores[n % 2].ledger.record(entry(f"sale-{round_}-{n}")) for n in range(30))
        )
        sizes = await asyncio.gather(*(store.order.sequence() for store in stores))
        assert max(sizes) == 30 * (round_ + 1)
        leaves = await stores[0].order.leaves(0, 10_000)
        assert leaves[: len(seen)] == seen
        seen = leaves

    assert len(seen) == 150
    assert await stores[0].order.leaves(149, 10) == seen[149:]
    assert await stores[0].order.leaves(150, 10) == []


async def test_paging_sees_everything_once_and_in_order(store: Store) -> None:
    await grant(store)
    numbers: set[str] = set()
    after, pulled = 0, []
    for round_ in range(4):
        outcomes = await store.ledger.record_all([entry(f"sale-{round_}-{n}") for n in range(25)])
        numbers |= {one.number for one in outcomes if isinstance(one, Receipt)}
        await store.order.sequence()
        while True:
            page = await store.ledger.page(SELLER.taxpayer_id, after=after, limit=10)
            pulled += page.invoices
            after = page.high_water if page.after is None else page.after
            if page.after is None:
                break

    assert len(pulled) == 100
    assert {invoice.number for invoice in pulled} == numbers
    indexes = [invoice.log_index for invoice in pulled]
    assert indexes == sorted(indexes, key=lambda index: index or 0)


async def test_a_period_holds_beijing_days(store: Store, clock: StoppedClock) -> None:
    await grant(store)
    for day in (29, 30, 31):  # the last is 1 December
        clock.set(datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=1))
        await store.ledger.record(entry(f"day-{day}"))
    clock.set(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))  # midnight in Beijing: December
    await store.ledger.record(entry("midnight"))
    await store.order.sequence()

    async def keys(since: date | None, until: date | None) -> list[str]:
        page = await store.ledger.page(SELLER.taxpayer_id, since=since, until=until)
        return sorted(invoice.key for invoice in page.invoices)

    assert await keys(None, date(2026, 11, 30)) == ["day-29", "day-30"]
    assert await keys(date(2026, 12, 1), None) == ["day-31", "midnight"]
    assert await keys(date(2026, 11, 30), date(2026, 11, 30)) == ["day-30"]


async def test_another_sellers_key_is_another_key(store: Store) -> None:
    await grant(store)
    other = msgspec.structs.replace(make_draft(1).buyer)
    await store.credit.grant(other.taxpayer_id, 10**9, month=NOVEMBER)

    mine = await store.ledger.record(entry("sale-1"))
    theirs = await store.ledger.record(entry("sale-1", seller=other.taxpayer_id))

    assert mine.number != theirs.number
    assert not theirs.replayed


async def test_nobody_can_read_what_was_never_issued(store: Store) -> None:
    assert await store.ledger.read(parse_number("26311000000000000001")) is None
    assert await store.ledger.find_key(SELLER.taxpayer_id, KEY) is None
    page = await store.ledger.page(SELLER.taxpayer_id)
    assert (page.invoices, page.after, page.high_water) == ((), None, 0)
