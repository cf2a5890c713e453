"""Callers inside the process, at stores that are broken on purpose; and what must hold after."""

import asyncio
from collections import Counter

from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger.store import Store
from tests.stores import NOVEMBER
from tests.strategies import SELLER, make_draft


class Tills:
    """Callers that sell until told to stop, each sale under a key of its own."""

    def __init__(self, stores: list[Store]) -> None:
        self._stores = stores
        self.receipts: dict[str, Receipt] = {}
        self.open_ = True
        self.outages = 0

    async def sell_at(self, till: int) -> None:
        sale = 0
        while self.open_:
            key = IdempotencyKey(f"till-{till}-{sale}")
            self.receipts[key] = await self._sell(till, key, sale)
            sale += 1

    async def _sell(self, till: int, key: IdempotencyKey, sale: int) -> Receipt:
        entry = compose_entry(make_draft(sale % 500), key)
        tries = 0
        while True:
            store = self._stores[(till + tries) % len(self._stores)]
            tries += 1
            try:
                return await store.ledger.record(entry)
            except Outage:
                self.outages += 1
                await asyncio.sleep(0.05)


async def everything_adds_up(store: Store, receipts: dict[str, Receipt]) -> None:
    numbers = Counter(receipt.number for receipt in receipts.values())
    assert max(numbers.values()) == 1, "a number was used twice"

    size = await store.order.sequence()
    page = await store.ledger.page(SELLER.taxpayer_id, limit=1_000_000)
    stored = {invoice.key: invoice for invoice in page.invoices}
    assert len(page.invoices) == len(stored) == size, "a key was issued twice"
    assert set(receipts) <= set(stored), "an acknowledged invoice is lost"
    # All callers asked until they were answered, so there is nothing that nobody heard of.
    assert set(stored) == set(receipts)
    for key, receipt in receipts.items():
        found = stored[key]
        assert (found.number, found.digest, found.totals) == (
            receipt.number,
            receipt.digest,
            receipt.totals,
        )

    line = await store.credit.line(SELLER.taxpayer_id, month=NOVEMBER)
    assert line is not None
    drawn = sum(invoice.totals.net_fen for invoice in stored.values())
    assert line.drawn_fen == drawn, "credit drawn is not credit issued"
    await no_gap_inside_a_block(store)


async def no_gap_inside_a_block(store: Store) -> None:
    blocks = await store.pool.fetch("SELECT * FROM number_block")
    batches = await store.pool.fetch("SELECT series, first_serial, count FROM batch")
    used = {row["first_serial"] + n for row in batches for n in range(row["count"])}
    assert len(used) == sum(row["count"] for row in batches), "two batches overlap"
    for block in blocks:
        mine = {s for s in used if block["first_serial"] <= s <= block["last_serial"]}
        assert mine == set(range(block["first_serial"], block["next_serial"]))
