"""What the log says of itself has a place among the invoices, and disturbs none of them."""

from hashlib import sha256

from kaipiao.evidence.published import opening_of
from tests.stores import Store, entry, grant
from tests.strategies import SELLER

TEXT = "kaipiao key change v1\n"
LEAF = sha256(TEXT.encode()).digest()


async def issue(store: Store, *numbers: int) -> None:
    for n in numbers:
        await store.ledger.record(entry(f"sale-{n}", n))


async def test_an_announcement_is_a_leaf_between_invoices_and_moves_none(store: Store) -> None:
    await grant(store)
    await issue(store, 0, 1)
    await store.order.sequence()
    await store.announcements.add(LEAF, TEXT)
    await issue(store, 2)
    assert await store.order.sequence() == 4
    await issue(store, 3)
    assert await store.order.sequence() == 5

    (said,) = await store.announcements.all()
    leaves = await store.order.leaves(0, 100)
    page = await store.ledger.page(SELLER.taxpayer_id)

    assert (said.leaf, said.text, said.log_index) == (LEAF, TEXT, 3)
    assert leaves[3] == LEAF
    assert len(leaves) == 5
    assert await store.order.leaves(3, 1) == [LEAF]
    assert [one.key for one in page.invoices] == [f"sale-{n}" for n in range(4)]
    assert [one.log_index for one in page.invoices] == [0, 1, 2, 4]
    assert page.high_water == 5
    for one in page.invoices:
        assert one.log_index is not None
        assert opening_of(one).leaf() == leaves[one.log_index]
        assert await store.ledger.read(one.number) == one
    every = [one.key async for one in store.scan.invoices(SELLER.taxpayer_id)]
    assert every == [f"sale-{n}" for n in range(4)]


async def test_what_is_said_twice_is_in_the_log_once(store: Store) -> None:
    await store.announcements.add(LEAF, TEXT)
    await store.announcements.add(LEAF, TEXT)
    assert await store.order.sequence() == 1
    await store.announcements.add(LEAF, TEXT)

    assert await store.order.sequence() == 1
    assert await store.order.leaves(0, 10) == [LEAF]


async def test_several_announcements_keep_the_order_in_which_they_were_made(store: Store) -> None:
    leaves = [bytes([n]) * 32 for n in (9, 1, 5)]
    for leaf in leaves:
        await store.announcements.add(leaf, leaf.hex())

    assert await store.order.sequence() == 3
    assert await store.order.leaves(0, 100) == leaves
    assert [one.log_index for one in await store.announcements.all()] == [0, 1, 2]
