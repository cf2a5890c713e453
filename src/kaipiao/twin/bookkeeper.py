"""A bookkeeper who pulls a seller's invoices, page by page, for as long as there are new ones.

The promise: whoever pulls again from where they stopped misses nothing and sees nothing twice.
"""

import asyncio
from collections.abc import Sequence

from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import Invoice
from kaipiao.ports import Page
from kaipiao.twin.cell import Desk, World
from kaipiao.twin.invoices import Kept
from kaipiao.twin.line import Line

PAUSE_S = 0.5
LIMIT = 3
"""Invoices on a page: few, so that most pages end in the middle."""


class Bookkeeper:
    def __init__(self, world: World, line: Line, seller: str) -> None:
        self._world = world
        self._line = line
        self._seller = seller
        self._after = 0
        self._pulled: list[Invoice] = []

    async def live(self) -> None:
        """Pull now and then, until cancelled."""
        while True:
            await asyncio.sleep(self._world.rng.expovariate(1 / PAUSE_S))
            try:
                self._enter(await self._line.call("page", self._pull))
            except Outage:
                self._world.journal.note(f"page of {self._seller}: no answer")

    async def finish(self, desk: Desk) -> None:
        """Pull all that is left."""
        while self._enter(await self._pull(desk)):
            pass

    async def _pull(self, desk: Desk) -> Page:
        return await desk.store.ledger.page(self._seller, after=self._after, limit=LIMIT)

    def _enter(self, page: Page) -> bool:
        """Write down one page; whether there is more."""
        self._pulled += page.invoices
        self._after = page.high_water if page.after is None else page.after
        return page.after is not None

    def check(self, ordered: Sequence[Kept]) -> list[str]:
        """What was pulled is what was issued, once and in the order of the log."""
        theirs = [kept.receipt.number for kept in ordered if kept.entry.seller == self._seller]
        pulled = [invoice.number for invoice in self._pulled]
        return [] if pulled == theirs else [f"{self._seller} pulled {pulled}, not {theirs}"]
