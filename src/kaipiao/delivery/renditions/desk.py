"""The desk where a rendition is asked for: kept ones are handed out, others made, each once.

Two who ask for the same at the same time wait for one making.  Whoever goes away while it is
made does not stop it: it is kept for the next.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from kaipiao.delivery.renditions.cache import Key, RenditionCache
from kaipiao.delivery.renditions.make import (
    ROWS,
    CannotRender,
    Rendition,
    as_rendition,
    edition_of,
)
from kaipiao.delivery.renditions.source import Imprint, Source
from kaipiao.delivery.renditions.workshop import Job, Made
from kaipiao.errors import NoSuchRendition, Outage, ProofNotReady, RenditionImpossible
from kaipiao.fiscal.invoice import Invoice

ReceiptOf = Callable[[Invoice], str]
"""The receipt of an invoice; raises ProofNotReady or Outage.  It may take a moment."""


class Maker(Protocol):
    """A workshop, as the desk sees it."""

    async def make(self, job: Job) -> Made:
        """Raises CannotRender, or Outage."""
        ...


class Renditions:
    """Any rendition of any issued invoice."""

    def __init__(
        self, *, workshop: Maker, cache: RenditionCache, imprint: Imprint, receipt_of: ReceiptOf
    ) -> None:
        self._workshop = workshop
        self._cache = cache
        self._imprint = imprint
        self._receipt_of = receipt_of
        self._making: dict[Key, asyncio.Task[bytes]] = {}

    async def find(self, number: str, kind: str) -> Rendition | None:
        """One that is kept, with its receipt inside if its kind carries one.

        Raises:
            NoSuchRendition: there is no such kind.
        """
        kept = await asyncio.to_thread(self._cache.find, self._key(number, kind, proven=True))
        return None if kept is None else as_rendition(number, kind, kept)

    async def make(self, invoice: Invoice, kind: str, *, needs_receipt: bool = True) -> Rendition:
        """The rendition; without a receipt only if there is none yet and none is needed.

        Raises:
            NoSuchRendition: there is no such kind.
            ProofNotReady: no checkpoint covers the invoice yet.
            RenditionImpossible: this kind of document cannot say what the invoice says.
            Outage: the log or the workshop did not answer.
        """
        receipt = await self._receipt(invoice, kind, is_needed=needs_receipt)
        key = self._key(invoice.number, kind, proven=receipt is not None)
        making = self._making.get(key)
        if making is None:
            source = Source(invoice=invoice, imprint=self._imprint, receipt=receipt or b"")
            making = self._making[key] = asyncio.create_task(self._make(key, source))
            making.add_done_callback(lambda task: self._let_go(key, task))
        return as_rendition(invoice.number, kind, await asyncio.shield(making))

    def _key(self, number: str, kind: str, *, proven: bool) -> Key:
        if kind not in ROWS:
            raise NoSuchRendition(kind=kind[:20], known=", ".join(ROWS))
        return Key(number, kind, edition_of(kind, self._imprint), proven)

    async def _receipt(self, invoice: Invoice, kind: str, *, is_needed: bool) -> bytes | None:
        """Empty for a kind that carries none; None: it should, and there is none yet."""
        if kind in ROWS and not ROWS[kind].carries_receipt:
            return b""
        try:
            return (await asyncio.to_thread(self._receipt_of, invoice)).encode()
        except (ProofNotReady, Outage):
            if is_needed:
                raise
            return None

    async def _make(self, key: Key, source: Source) -> bytes:
        kept = await asyncio.to_thread(self._cache.find, key)
        if kept is not None:
            return kept
        try:
            made = await self._workshop.make(Job(source=source, kind=key.kind))
        except CannotRender as why:
            raise RenditionImpossible(kind=key.kind, why_zh=why.zh, why_en=why.en) from None
        if made.is_final:
            await asyncio.to_thread(self._cache.keep, key, made.content)
        return made.content

    def _let_go(self, key: Key, task: "asyncio.Task[bytes]") -> None:
        del self._making[key]
        if not task.cancelled():
            task.exception()  # seen: whoever still waits gets it from the task
