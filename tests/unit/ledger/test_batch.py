"""A batch is packed in chunks, and every invoice of it comes back, whoever is asked for first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.invoice import Receipt
from kaipiao.fiscal.number import Series, compose_number
from kaipiao.ledger.batch import CHUNK, Blob, Place, Rows, Unpacked, key_id
from tests.clocks import NOON
from tests.stores import Store, entry, grant
from tests.strategies import SELLER

ENTRIES = [entry(f"sale-{n}", n) for n in range(3 * CHUNK)]
IDS = [key_id(one.seller, one.key) for one in ENTRIES]
PLACE = Place(Series(26311), 4711, NOON, bytes(range(32)))


def packed(count: int) -> tuple[Rows, Unpacked]:
    rows = Rows(ENTRIES[:count], IDS[:count], PLACE)
    unpacked = Unpacked(
        series=PLACE.series,
        first_serial=PLACE.first_serial,
        count=count,
        issued_at=NOON,
        secret=PLACE.secret,
        stored=Blob(rows.payload),
        first_index=1_000,
    )
    return rows, unpacked


@pytest.mark.parametrize("count", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK])
def test_every_receipt_comes_back(count: int) -> None:
    rows, batch = packed(count)

    assert [batch.receipt(serial)[0] for serial in batch.serials] == rows.receipts
    assert [stored.key for stored in batch.stored] == [one.key for one in ENTRIES[:count]]


@given(st.lists(st.integers(0, 3 * CHUNK - 1), max_size=20))
def test_invoices_may_be_asked_for_in_any_order(places: list[int]) -> None:
    _, batch = packed(3 * CHUNK)

    for place in places:
        invoice = batch.invoice(PLACE.first_serial + place)
        assert invoice.number == compose_number(PLACE.series, PLACE.first_serial + place)
        assert (invoice.key, invoice.digest) == (ENTRIES[place].key, ENTRIES[place].digest)
        assert invoice.log_index == 1_000 + place


async def test_a_list_finds_each_invoice_in_its_batch(store: Store) -> None:
    """Batches of every size, pages across all of them."""
    await grant(store)
    issued = []
    for size in (1, 250, 2, 101, 30):
        crowd = [entry(f"of-{size}-{n}", n=size + n) for n in range(size)]
        issued += await store.ledger.record_all(crowd)
    await store.order.sequence()

    listed, after = [], 0
    while True:
        page = await store.ledger.page(SELLER.taxpayer_id, after=after, limit=70)
        listed += page.invoices
        if page.after is None:
            break
        after = page.after

    assert [one.number for one in listed] == [
        one.number for one in issued if isinstance(one, Receipt)
    ]
    assert [one.digest for one in listed] == [
        one.digest for one in issued if isinstance(one, Receipt)
    ]
