"""A cell whose year is over: invoices of December, a published log, and all that can be asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.keys import open_key
from kaipiao.evidence.proven import ProvenLeaves
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.invoice import Receipt
from kaipiao.fiscal.month import TaxMonth, month_bounds
from kaipiao.ledger.archive.archiver import Archiver, Step, open_archiver
from kaipiao.ledger.store import Store
from kaipiao.ports import Entry
from tests.clocks import StoppedClock
from tests.conftest import Database
from tests.stores import PLENTY_FEN, entry, red_entry
from tests.strategies import SELLER

NOVEMBER, DECEMBER, JANUARY = TaxMonth(202511), TaxMonth(202512), TaxMonth(202601)
IN_NOVEMBER = datetime(2025, 11, 20, 4, 0, tzinfo=UTC)
LAST_OF_NOVEMBER = datetime(2025, 11, 30, 12, 0, tzinfo=UTC)
IN_DECEMBER = datetime(2025, 12, 20, 4, 0, tzinfo=UTC)
IN_JANUARY = datetime(2026, 1, 20, 4, 0, tzinfo=UTC)
PART = "batch_25311_0"


class OldCell:
    """Stores, log and archive of one cell, in one folder."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.clock = StoppedClock(IN_DECEMBER)
        self.asked: dict[str, Entry] = {}
        self.receipts: dict[str, Receipt] = {}
        self._stores: list[Store] = []

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    async def open(self) -> Store:
        """One more server process, that remembers no key."""
        store = await Store.open(
            self.database.app,
            clock=self.clock,
            area=31,
            channel=1,
            block_size=1_000,
            archive=self.archive,
        )
        self._stores.append(store)
        return store

    async def close(self) -> None:
        for store in self._stores:
            await store.close()

    async def issue(self, store: Store, key: str, asked: Entry) -> Receipt:
        self.asked[key] = asked
        receipt = self.receipts[key] = await store.ledger.record(asked)
        return receipt

    async def live_through_a_month(self, store: Store) -> None:
        """From the clock's instant on: a few batches of several sizes; one original is reversed."""
        for month in (NOVEMBER, DECEMBER, JANUARY):
            await store.credit.grant(SELLER.taxpayer_id, PLENTY_FEN, month=month)
        first = await self.issue(store, "first", entry("first", n=1))
        await self.issue(store, "red", red_entry(first.number, "red"))
        for size in (1, 40, 7):
            keys = [f"of-{size}-{n}" for n in range(size)]
            crowd = [entry(key, n=100 + size + n) for n, key in enumerate(keys)]
            outcomes = await store.ledger.record_all(crowd)
            self.clock.advance(timedelta(hours=1))
            for key, asked, outcome in zip(keys, crowd, outcomes, strict=True):
                assert isinstance(outcome, Receipt)
                self.asked[key], self.receipts[key] = asked, outcome
        await self.publish(store)

    async def live_into_january(self, store: Store) -> None:
        self.clock.set(IN_JANUARY)
        await self.issue(store, "new year", entry("new year", n=500))
        await self.publish(store)

    async def publish(self, store: Store) -> None:
        signer = open_key(self.folder / "secrets", "kaipiao.test/log")
        disk = LocalDisk(self.folder / "evidence")
        with LogWriter(
            order=store.order, heads=store.heads, disk=disk, signer=signer, clock=self.clock
        ) as writer:
            while await writer.advance():
                pass

    def log(self) -> ProvenLeaves:
        key = open_key(self.folder / "secrets", "kaipiao.test/log").verifier
        return ProvenLeaves(lambda name: (self.folder / "evidence" / name).read_bytes(), key)

    @asynccontextmanager
    async def archiver(self) -> AsyncIterator[Archiver]:
        async with open_archiver(
            self.database.owner, self.archive, self.log(), self.clock.now()
        ) as archiver:
            yield archiver

    async def run(self, before: TaxMonth = JANUARY, *, dry: bool = False) -> list[Step]:
        async with self.archiver() as archiver:
            return [step async for step in archiver.run(before, dry=dry)]

    async def everything(self, store: Store) -> dict[str, Any]:
        """All that can be asked of every invoice, as bytes where the caller gets bytes."""
        ledger, log = store.ledger, PublishedLog(self.folder / "evidence")
        told: dict[str, Any] = {}
        for key, receipt in self.receipts.items():
            asked = self.asked[key]
            invoice = await ledger.read(receipt.number)
            assert invoice is not None
            recalled = await ledger.recall(receipt.seller, receipt.key, asked=asked.asked)
            told[key] = (
                invoice,
                msgspec.json.encode(recalled),
                await ledger.find_key(receipt.seller, receipt.key),
                await ledger.find_digest(receipt.digest),
                await ledger.taken_back(receipt.number),
                await ledger.red_letters(receipt.number),
                log.receipt(invoice),
            )
        told["lists"] = await self.lists(store)
        told["leaves"] = await store.order.leaves(0, 1_000_000)
        told["some leaves"] = [(await store.order.leaves(n, 1))[0] for n in range(0, 50, 7)]
        return told

    async def lists(self, store: Store) -> list[Any]:
        """Every page of three invoices, and a list of each month."""
        pages, after = [], 0
        while True:
            page = await store.ledger.page(SELLER.taxpayer_id, after=after, limit=3)
            pages.append(page)
            if page.after is None:
                break
            after = page.after
        for month in (NOVEMBER, DECEMBER, JANUARY):
            first, last = (bound.date() for bound in month_bounds(month))
            pages.append(await store.ledger.page(SELLER.taxpayer_id, since=first, until=last))
        return pages
