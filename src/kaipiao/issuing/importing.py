"""Issue a whole file in the background (导入): rows in, an outcome for each, the file given back.

1. take       one import, on a lease; what it has done already stands
2. read       the whole file is looked at before anything of it is issued
3. issue      a few hundred rows at a time, one crowd in hand; then a breath for everyone else
4. note       outcomes and lease together: a row is done when its outcome is written down
5. end        the same file with its results

Dying between 3 and 4 costs nothing: whoever takes over issues the same rows under the same keys
and is given the first receipts.  A row whose outcome is unknown is asked about until it is known.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.base.unreadable import Unreadable
from kaipiao.errors import NotAllowed, Outage, Refusal
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.imports import Import, Sale, SaleResult
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.issuing.issue import Ask, Issuing
from kaipiao.ports import Imports, Ledger, Outcome, SaleFile

CHUNK = 256
"""Rows that are issued together: enough to fill a batch, few enough to be over in a moment."""

BREATH = 1.0
"""After each crowd nothing is asked for as long as it took, times this: single sales go first."""

AGAIN_AFTER_S = 0.5
KEEP_EVERY_S = 3.0

Open = Callable[[Import, bytes], SaleFile]
_log = logging.getLogger("kaipiao.imports")


class Lost(Exception):
    """The import is someone else's by now: our lease ran out."""


class Importing:
    def __init__(
        self, *, imports: Imports, issuing: Issuing, ledger: Ledger, open_file: Open, worker: str
    ) -> None:
        self._imports = imports
        self._issuing = issuing
        self._ledger = ledger
        self._open = open_file
        self._worker = worker

    async def run_one(self) -> bool:
        """Take one import and bring it to its end; False if there is none.

        Raises:
            Outage: the ledger is away; the lease runs out, and someone takes it up again.
        """
        taken = await self._imports.take(self._worker)
        if taken is None:
            return False
        keeping = asyncio.create_task(self._keep(taken))
        try:
            return await self._finish(taken)
        except Lost:
            _log.warning("import %s was taken over by another worker", taken.import_id)
            return True
        finally:
            keeping.cancel()

    async def _keep(self, taken: Import) -> None:
        """Hold the lease while a large file is read or written."""
        while True:
            await asyncio.sleep(KEEP_EVERY_S)
            with suppress(Outage):
                await self._imports.renew(self._worker, taken.import_id)

    async def _finish(self, taken: Import) -> bool:
        content = await self._imports.content(taken.import_id, "upload")
        assert content is not None  # kept by the same statement
        try:
            file = await asyncio.to_thread(self._open, taken, content)
        except Unreadable as error:
            where = f"{error.where}: " if error.where else ""
            failed = _ended(taken, "failed", zh=where + error.zh, en=where + error.en)
            await self._imports.end(self._worker, failed, None)
            return True
        await self._run(taken, file)
        return True

    async def _run(self, taken: Import, file: SaleFile) -> None:
        sales, loop = file.sales(), asyncio.get_running_loop()
        await asyncio.to_thread(_skip, sales, taken.counts.done)
        now = await self._note(taken, [], file)
        if now.state == "cancelling":
            now = await self._recall_those_in_hand(now, file, sales)
        while now.state == "running":
            chunk = await asyncio.to_thread(lambda: list(islice(sales, CHUNK)))
            if not chunk:
                break
            began = loop.time()
            now = await self._note(now, await self._issue(now, chunk, file), file)
            await asyncio.sleep((loop.time() - began) * BREATH)
        await self._end(now, file)

    async def _end(self, now: Import, file: SaleFile) -> None:
        results = await self._imports.results(now.import_id)
        rendered = await asyncio.to_thread(file.render, results)
        state = "cancelled" if now.state == "cancelling" else "done"
        ended = _ended(now, state, zh=now.zh, en=now.en)
        await self._imports.end(self._worker, ended, rendered)

    async def _note(self, now: Import, results: list[SaleResult], file: SaleFile) -> Import:
        noted = await self._imports.note(self._worker, now.import_id, results, total=file.total)
        if noted is None:
            raise Lost
        return noted

    async def _issue(self, now: Import, chunk: list[Sale], file: SaleFile) -> list[SaleResult]:
        results: dict[int, SaleResult] = {}
        asks: dict[int, Ask] = {}
        for sale in chunk:
            if isinstance(sale.read, Draft):
                asks[sale.place] = Ask(IdempotencyKey(sale.key), sale.read, canonical(sale.read))
                if not now.acts_for(sale.read.seller.taxpayer_id):
                    del asks[sale.place]
                    what = f"issue {sale.read.seller.taxpayer_id}"
                    results[sale.place] = _refused(sale, NotAllowed(what=what), file)
            else:
                results[sale.place] = _unread(sale)
        outcomes = await self._outcomes(now, asks, file)
        for sale in chunk:
            if sale.place in outcomes:
                results[sale.place] = _result(sale, outcomes[sale.place], file)
        return [results[sale.place] for sale in chunk]

    async def _outcomes(
        self, now: Import, asks: dict[int, Ask], file: SaleFile
    ) -> dict[int, Receipt | Refusal]:
        """Ask until every answer is known; the lease is kept meanwhile."""
        known: dict[int, Receipt | Refusal] = {}
        while missing := [place for place in asks if place not in known]:
            outcomes = await self._asked([asks[place] for place in missing])
            known |= {
                place: outcome
                for place, outcome in zip(missing, outcomes, strict=True)
                if not isinstance(outcome, Outage)
            }
            if len(known) < len(asks):
                await asyncio.sleep(AGAIN_AFTER_S)
                await self._note(now, [], file)
        return known

    async def _asked(self, asks: list[Ask]) -> Sequence[Outcome]:
        try:
            return await self._issuing.issue_all(asks)
        except Outage as outage:
            return [outage] * len(asks)

    async def _recall_those_in_hand(
        self, now: Import, file: SaleFile, sales: Iterator[Sale]
    ) -> Import:
        """Cancelled, and its worker died: what that one may have issued is asked for only."""
        chunk = await asyncio.to_thread(lambda: list(islice(sales, CHUNK)))
        results = [await self._recalled(sale) for sale in chunk]
        return await self._note(now, results, file) if results else now

    async def _recalled(self, sale: Sale) -> SaleResult:
        skipped = SaleResult(place=sale.place, key=sale.key, outcome="skipped")
        if not isinstance(sale.read, Draft):
            return skipped
        asked = digest(canonical(sale.read))
        seller, key = sale.read.seller.taxpayer_id, IdempotencyKey(sale.key)
        try:
            receipt = await self._ledger.recall(seller, key, asked=asked)
        except Refusal:
            return skipped
        return _issued(sale, receipt) if receipt else skipped


def _skip(sales: Iterator[Sale], places: int) -> None:
    for _ in islice(sales, places):
        pass


def _ended(now: Import, state: str, *, zh: str, en: str) -> Import:
    return msgspec.structs.replace(now, state=state, zh=zh, en=en)


def _result(sale: Sale, outcome: Receipt | Refusal, file: SaleFile) -> SaleResult:
    if isinstance(outcome, Receipt):
        return _issued(sale, outcome)
    return _refused(sale, outcome, file)


def _issued(sale: Sale, receipt: Receipt) -> SaleResult:
    return SaleResult(
        place=sale.place,
        key=sale.key,
        outcome="replayed" if receipt.replayed else "issued",
        number=receipt.number,
        issued_at=receipt.issued_at,
    )


def _refused(sale: Sale, refusal: Refusal, file: SaleFile) -> SaleResult:
    violations = file.locate(sale, getattr(refusal, "violations", ()))
    return SaleResult(
        place=sale.place,
        key=sale.key,
        outcome="refused",
        code=refusal.code,
        zh=refusal.text("zh"),
        en=refusal.text("en"),
        violations=tuple(violations),
    )


def _unread(sale: Sale) -> SaleResult:
    assert not isinstance(sale.read, Draft)
    return SaleResult(
        place=sale.place,
        key=sale.key,
        outcome="refused",
        code="malformed",
        zh="无法读取, 未开具。",
        en="It cannot be read and was not issued.",
        violations=tuple(sale.read),
    )
