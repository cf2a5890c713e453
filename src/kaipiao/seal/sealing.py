"""The sealing loop: every vendor takes what it can carry, and none waits for another.

A *desk* is one vendor as one sealer sees it: its breaker, its concurrency limit, its allowance,
its tally.  Each desk takes lots on its own and has at most ``at_once`` of them in hand, so a slow
vendor holds up that many lots for the length of its timeout and nothing else.

Which lot: three times in four the newest of the last minute, so that an invoice issued now does
not wait behind an outage's backlog; once in four, and whenever nothing is that fresh, the oldest,
so that the backlog always drains.

Everything lasting is behind ``ports.Seals``: a sealer that is killed has lost the lots in its
hands until their leases run out, and nothing else.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from hashlib import sha256

from kaipiao.errors import Outage
from kaipiao.fiscal.seal import BreakerReport, SealLot
from kaipiao.ports import Seals
from kaipiao.seal.allowance import Allowance
from kaipiao.seal.breaker import Breaker, Ending, Policy, Ticket
from kaipiao.seal.roster import VendorPlan
from kaipiao.seal.score import Tally
from kaipiao.seal.vendor import Answer, Vendor, ask

LOOK_EVERY_S = 0.5
TELL_EVERY_S = 2.0
HOLD_BEYOND_S = 10.0
"""A lot in hand is another's so long after its question must have ended."""

FREE_TRIES = 3
AGAIN_MAX_S = 60.0
"""A lot that failed so often is tried again after a second, two, four …, this at most: should it
be the lot that is wrong, it must not keep every breaker open."""

OLDEST_EVERY = 4

log = logging.getLogger(__name__)

StatementsOf = Callable[[SealLot], Awaitable[list[bytes]]]


class Desk:
    def __init__(self, vendor: Vendor, plan: VendorPlan, *, sealers: int, policy: Policy) -> None:
        now = time.monotonic()
        self.vendor = vendor
        self.name = plan.name
        self.timeout_s = plan.timeout_ms / 1000
        self.breaker = Breaker(policy, now)
        self.allowance = Allowance(plan.per_second / sealers, now)
        self.tally = Tally()
        self.room = asyncio.Semaphore(plan.at_once)
        self.said = ""
        self.turn = 0

    def pause_s(self, now: float) -> float:
        """How long nobody need ask."""
        return max(self.allowance.wait_s(now), self.breaker.opens_again_in_s(now))

    def report(self, now: float) -> BreakerReport:
        state = self.breaker.state(now)
        return BreakerReport(state=state, since_s=self.breaker.since_s(now), said=self.said)


class Sealing:
    """One sealer; ``worker`` is a name that no other ever has."""

    def __init__(
        self, *, seals: Seals, statements_of: StatementsOf, desks: Sequence[Desk], worker: str
    ) -> None:
        self._seals = seals
        self._statements_of = statements_of
        self._desks = desks
        self._worker = worker

    async def run(self, stop: asyncio.Event) -> None:
        """Seal until ``stop``; what is in hand then is given back."""
        tasks = [asyncio.create_task(self._keep(self._serve, desk)) for desk in self._desks]
        tasks.append(asyncio.create_task(self._keep(self._tend)))
        while not stop.is_set():
            await self._tell()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TELL_EVERY_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(Outage):
            await self._seals.let_go(self._worker)
        await self._tell()

    async def _keep(self, step: Callable[..., Awaitable[None]], *given: Desk) -> None:
        """Do it for ever, whatever goes wrong with it once."""
        while True:
            try:
                await step(*given)
            except Outage as error:
                log.warning("sealing waits for the ledger: %r", error)
            except Exception:
                log.exception("sealing failed in a way that nobody foresaw")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _tend(self) -> None:
        """Give lots to what the log has grown by; queue again what a distrusted vendor sealed."""
        now = time.monotonic()
        someone_can = any(desk.breaker.state(now) != "open" for desk in self._desks)
        while await self._seals.cut(with_tail=someone_can):
            pass
        while await self._seals.requeue():
            pass

    async def _tell(self) -> None:
        """Write down what the vendors did; what cannot be written now is told the next time."""
        now = time.monotonic()
        for desk in self._desks:
            score = desk.tally.take(desk.breaker.times(now))
            try:
                await self._seals.note(self._worker, desk.name, score, desk.report(now))
            except Outage as error:
                desk.tally.give_back(score)
                log.warning("scores wait for the ledger: %r", error)

    async def _serve(self, desk: Desk) -> None:
        """Ask this vendor for as long as it has room and there is something to ask it for."""
        async with asyncio.TaskGroup() as asking:
            while True:
                await asyncio.sleep(desk.pause_s(time.monotonic()))
                await desk.room.acquire()
                ticket = desk.breaker.admit(time.monotonic())
                lot = await self._take(desk, ticket) if ticket else None
                if ticket is None or lot is None:
                    desk.room.release()
                    await asyncio.sleep(LOOK_EVERY_S)
                    continue
                desk.allowance.spend(lot.count, time.monotonic())
                asking.create_task(self._seal(desk, ticket, lot))

    async def _take(self, desk: Desk, ticket: Ticket) -> SealLot | None:
        """A lot for this vendor; None: there is none now, and the ticket was given back."""
        desk.turn += 1
        lot = None
        try:
            lot = await self._seals.take(
                self._worker,
                desk.vendor.key,
                hold_s=desk.timeout_s + HOLD_BEYOND_S,
                oldest=desk.turn % OLDEST_EVERY == 0,
            )
        except Outage as error:
            log.warning("sealing waits for the ledger: %r", error)
        finally:
            if lot is None:
                desk.breaker.tell(ticket, "unknown", time.monotonic())
        return lot

    async def _seal(self, desk: Desk, ticket: Ticket, lot: SealLot) -> None:
        ending: Ending = "unknown"
        try:
            statements = await self._statements_of(lot)
            answer = await ask(
                desk.vendor, statements, ask_id=ask_id_of(statements), within_s=desk.timeout_s
            )
            desk.tally.note(answer.outcome, answer.took_ms)
            ending = ending_of(answer)
            await self._settle(desk, lot, answer)
        except Outage as error:
            log.warning("a lot waits for the ledger: %r", error)  # its lease runs out
        finally:
            desk.breaker.tell(ticket, ending, time.monotonic())
            desk.room.release()

    async def _settle(self, desk: Desk, lot: SealLot, answer: Answer) -> None:
        if answer.outcome == "sealed":
            if await self._seals.seal(self._worker, lot, desk.vendor.key, answer.signatures):
                desk.tally.note_sealed(lot.count)
            return
        desk.said = answer.said
        level = logging.ERROR if answer.outcome == "lied" else logging.WARNING
        log.log(level, "%s %s: %s", desk.name, answer.outcome, answer.said)
        await self._seals.put_back(
            self._worker,
            lot,
            desk.name,
            lied=answer.outcome == "lied",
            again_after_s=again_after_s(lot.tries),
        )


def again_after_s(tries: int) -> float:
    return 0.0 if tries < FREE_TRIES else min(AGAIN_MAX_S, 2.0 ** min(tries - FREE_TRIES, 10))


def ask_id_of(statements: Sequence[bytes]) -> str:
    """The same for the same statements, whoever asks."""
    return sha256(b"".join(statements)).hexdigest()


def ending_of(answer: Answer) -> Ending:
    if answer.outcome == "sealed":
        return "well"
    return "lied" if answer.outcome == "lied" else "failed"
