"""Eight bytes stand for a seller or a digest in the index, and never for another one."""

import asyncpg

from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.sample import company
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger.batch import digest8, seller8
from tests.conftest import Database
from tests.stores import NOVEMBER, PLENTY_FEN, Store, entry, grant
from tests.strategies import SELLER, make_draft

OTHER = company(77, "商行")


async def test_a_seller_with_the_same_eight_bytes_is_told_apart(
    store: Store, database: Database
) -> None:
    await grant(store)
    await store.credit.grant(OTHER.taxpayer_id, PLENTY_FEN, month=NOVEMBER)
    for n in range(6):
        await store.ledger.record(entry(f"ours-{n}", n))
        theirs = compose_entry(make_draft(n, seller=OTHER), IdempotencyKey(f"theirs-{n}"))
        await store.ledger.record(theirs)
    await store.order.sequence()
    owner = await asyncpg.connect(database.owner)
    await owner.execute("UPDATE invoice_index SET seller8 = $1", seller8(SELLER.taxpayer_id))
    await owner.close()

    told: list[str] = []
    after: int | None = 0
    while after is not None:
        page = await store.ledger.page(SELLER.taxpayer_id, after=after, limit=5)
        told += [one.key for one in page.invoices]
        after = page.after

    assert told == [f"ours-{n}" for n in range(6)]


async def test_a_digest_with_the_same_eight_bytes_is_told_apart(
    store: Store, database: Database
) -> None:
    await grant(store)
    for n in range(3):
        await store.ledger.record(entry(f"sale-{n}", n))
    await store.order.sequence()
    wanted = entry("sale-1", 1).digest
    owner = await asyncpg.connect(database.owner)
    await owner.execute("UPDATE invoice_index SET digest8 = $1", digest8(wanted))
    await owner.close()

    assert [one.key for one in await store.ledger.find_digest(wanted)] == ["sale-1"]
