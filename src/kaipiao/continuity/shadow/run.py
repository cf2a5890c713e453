"""The run: read the cell's log in its order, ask the shadow the same, note what it answered.

1. read     a stretch of the log, from the cell's database; nothing is written there, ever
2. ask      each invoice's own call, with its own key, of the shadow
3. compare  what the shadow then shows under that key
4. note     verdicts, then how far we are

If we crash after 2, the stretch is asked again, and the shadow's own promise (one key, one invoice)
makes that harmless.  While the shadow is away invoices wait: they are in the log and stay there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import msgspec

from kaipiao.continuity.shadow.again import Reverse, call_of
from kaipiao.continuity.shadow.book import Book, Divergence, Tally
from kaipiao.continuity.shadow.compare import Json, differences
from kaipiao.continuity.shadow.strangers import Strangers
from kaipiao.continuity.shadow.there import Answer, Away, There
from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import Invoice
from kaipiao.gateway.shapes import view_invoice
from kaipiao.ledger.in_order import Stretch

AT_ONCE = 50
"""Invoices that are asked between two notes of how far we are."""

LOOK_EVERY_S = 1.0
"""How often a run with nothing left to compare looks for more."""

FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 10.0
"""Between two tries to reach a shadow that is away the pause doubles."""


class Issued(Protocol):
    """The cell's invoices in the order of its log (``ledger.in_order``)."""

    async def size(self) -> int: ...

    async def stretch(self, start: int, limit: int) -> Stretch: ...

    async def original(self, number: str) -> Invoice | None:
        """The invoice that a red letter names."""
        ...

    async def has_key(self, seller: str, key: str) -> bool: ...

    async def sellers(self, after: str, limit: int) -> list[str]:
        """Who was granted credit, in order."""
        ...


Reach = Callable[[], Awaitable[There]]
"""The shadow as it can be reached now.  Raises Away, NotAShadow."""


class ShadowRun:
    """One run; ``per_second`` is how many invoices the shadow is asked at most, ``is_fed`` whether
    calls are copied to it as well.
    """

    def __init__(
        self,
        issued: Issued,
        reach: Reach,
        book: Book,
        *,
        per_second: int,
        now: Callable[[], datetime],
        is_fed: Callable[[], bool] = lambda: False,
    ) -> None:
        self._issued = issued
        self._reach = reach
        self._book = book
        self._now = now
        self._is_fed = is_fed
        self._last_seller = ""
        self._strangers = Strangers(issued, book.divergences())
        self._pace_s = 1.0 / per_second
        self._there: There | None = None

    async def run(self, tally: Tally, *, until_even: bool, told: Callable[[Tally], None]) -> Tally:
        """Go on until cancelled; with ``until_even``, until nothing waits.

        Raises:
            NotAShadow: what answers is not marked as a shadow.
        """
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                tally = await self._try_step(tally)
                told(tally)
                if tally.away:
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LAST_PAUSE_S)
                    continue
                pause_s = FIRST_PAUSE_S
                if not tally.waiting:
                    if until_even:
                        return tally
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self._let_go()

    async def _try_step(self, tally: Tally) -> Tally:
        """A step; or, if one side does not answer, a note that says so."""
        try:
            return await self._step(tally)
        except (Away, Outage) as error:
            await self._let_go()
            return self._book.write(msgspec.structs.replace(tally, away=str(error)))

    async def _step(self, tally: Tally) -> Tally:
        """One stretch further, or a look at whether there is more.  Raises Away, Outage."""
        there = await self._reached()
        size = await self._issued.size()
        stretch = await self._issued.stretch(
            tally.next_index, min(AT_ONCE, size - tally.next_index)
        )
        found: list[Divergence] = []
        for invoice in stretch.invoices:
            if (divergence := await self._judge(there, invoice)) is not None:
                found.append(divergence)
            await asyncio.sleep(self._pace_s)
        tally = _counted(tally, stretch, found, size)
        if not tally.waiting:
            if self._is_fed():
                await self._grant_more(there)
            version = str((await there.status()).get("version", ""))
            strangers = await self._strangers.find(there, self._now())
            found += strangers
            only_there = tally.only_there + len(strangers)
            tally = msgspec.structs.replace(tally, version=version, only_there=only_there)
        return self._book.write(msgspec.structs.replace(tally, looked_at=self._now()), found)

    async def _grant_more(self, there: There) -> None:
        """Copies of a seller's calls would be refused until the log tells of him; again and again,
        some at a time, because there are new ones.
        """
        sellers = await self._issued.sellers(self._last_seller, AT_ONCE)
        for seller in sellers:
            await there.grant(seller)
        self._last_seller = sellers[-1] if len(sellers) == AT_ONCE else ""

    async def _judge(self, there: There, invoice: Invoice) -> Divergence | None:
        """None: the shadow says the same."""
        seller, key = invoice.draft.seller.taxpayer_id, invoice.key
        here: Any = msgspec.to_builtins(view_invoice(invoice))
        about = {"index": invoice.log_index, "key": key, "seller": seller, "here": here}
        answer = await self._ask(there, invoice)
        if answer.status not in (200, 201):
            return Divergence(**about, kind="refused", status=answer.status, there=answer.document)
        shown = await there.find(seller, key)
        if shown is None:
            return Divergence(**about, kind="absent", status=answer.status, there=answer.document)
        if apart := differences(here, shown):
            return Divergence(**about, kind="content", differences=apart, there=shown)
        return None

    async def _ask(self, there: There, invoice: Invoice) -> Answer:
        call = call_of(invoice)
        if not isinstance(call, Reverse):
            return await there.issue(
                invoice.draft.seller.taxpayer_id, invoice.key, msgspec.to_builtins(call.draft)
            )
        # The original has another number there: it is found by the key that it has on both sides.
        original = await self._issued.original(call.original)
        match await self._bring(there, original) if original else None:
            case {"number": str(number)}:
                ask = msgspec.to_builtins(call.ask)
                return await there.reverse(number, invoice.key, ask)
        return Answer(0, {"code": "original-not-there", "original": call.original})

    async def _bring(self, there: There, original: Invoice) -> Json:
        """The original as the shadow has it.  Of a time before this run it is issued there now."""
        seller, key = original.draft.seller.taxpayer_id, original.key
        shown = await there.find(seller, key)
        if shown is None and original.draft.reversal is None:
            await there.issue(seller, key, msgspec.to_builtins(original.draft))
            shown = await there.find(seller, key)
        return shown

    async def _reached(self) -> There:
        if self._there is None:
            self._there = await self._reach()
        return self._there

    async def _let_go(self) -> None:
        """Whoever answers next has to say again that it is a shadow."""
        if self._there is not None:
            await self._there.close()
            self._there = None


def _counted(tally: Tally, stretch: Stretch, found: list[Divergence], size: int) -> Tally:
    diverged = sum(one.kind == "content" for one in found)
    return msgspec.structs.replace(
        tally,
        next_index=stretch.next_index,
        log_size=size,
        same=tally.same + len(stretch.invoices) - len(found),
        diverged=tally.diverged + diverged,
        only_here=tally.only_here + len(found) - diverged,
        passed=tally.passed + stretch.passed,
        away="",
    )
