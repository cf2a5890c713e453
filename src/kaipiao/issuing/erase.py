"""Erase an invoice (删除个人信息): whoever may, on what ground, and that it is finished.

1. checked   the law lets it be erased on this ground today, and the number was given twice
2. noted     from here on it is only finished, by whoever comes: us, or the clocks of ``work``
3. wiped     ledger and archive; then documents that were made of it
4. closed    all of it once more, when nobody can still have had the content in hand

The number, the key and the leaf in the log stay.  Backups that were made before still hold it.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol

from kaipiao.errors import ErasureRefused, InvoiceErased, NoSuchInvoice, Outage
from kaipiao.fiscal.erasure import Erasure, Ground
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import InvoiceNumber, parse_number
from kaipiao.ports import Clock, Erasures, Ledger

SETTLED_AFTER = timedelta(minutes=5)
"""A document that was being made, an export on its way: over by then."""


class Lawful(Protocol):
    def __call__(self, ground: Ground, *, issued_on: date, today: date) -> bool: ...


class Erasing:
    """``drop`` removes the documents that were made of an invoice."""

    def __init__(
        self,
        *,
        erasures: Erasures,
        ledger: Ledger,
        clock: Clock,
        may_erase: Lawful,
        keep_until: Callable[[date], date],
        drop: Callable[[str], None],
    ) -> None:
        self._erasures = erasures
        self._ledger = ledger
        self._clock = clock
        self._may_erase = may_erase
        self._keep_until = keep_until
        self._drop = drop

    async def erase(
        self, number: InvoiceNumber, *, why: str, ground: Ground, confirm: str
    ) -> Erasure:
        """Erase it for good.

        Raises:
            NoSuchInvoice, ErasureRefused: nothing was erased.
            InvoiceErased: it was, before.
            Outage: it is noted, and will be finished; or ask again.
        """
        await self._check(number, ground, confirm)
        erasure = await self._erasures.note(number, at=self._clock.now(), why=why, ground=ground)
        await self._finish(erasure)
        return erasure

    async def finish_open(self) -> int:
        """Finish whatever was noted; how many are closed now.

        Raises:
            Outage: one could not be finished; those after it were.
        """
        outage: Outage | None = None
        closed = 0
        for erasure in await self._erasures.open():
            try:
                await self._finish(erasure)
            except Outage as failed:
                outage = failed
                continue
            if self._clock.now() >= erasure.erased_at + SETTLED_AFTER:
                number = parse_number(erasure.number)
                await self._erasures.close(number, at=self._clock.now())
                closed += 1
        if outage:
            raise outage
        return closed

    async def _check(self, number: InvoiceNumber, ground: Ground, confirm: str) -> None:
        try:
            invoice = await self._ledger.read(number)
        except InvoiceErased:
            await self.finish_open()
            raise
        if invoice is None:
            raise NoSuchInvoice
        if confirm != number:
            raise ErasureRefused(
                why_zh="请再次给出号码以确认 (confirm); 删除后无法恢复。",
                why_en="give the number again as `confirm`; there is no way back.",
            )
        issued_on, today = beijing_day(invoice.issued_at), beijing_day(self._clock.now())
        if not self._may_erase(ground, issued_on=issued_on, today=today):
            until = self._keep_until(issued_on)
            raise ErasureRefused(
                why_zh=f"会计档案须保管至 {until}。在此之前, 仅可依 order 或 unlawful 删除。",
                why_en=f"accounting records are kept until {until}. Before that, only on the "
                "ground `order` or `unlawful`.",
            )

    async def _finish(self, erasure: Erasure) -> None:
        await self._erasures.wipe(parse_number(erasure.number))
        try:
            self._drop(erasure.number)
        except OSError as error:
            raise Outage("renditions") from error
