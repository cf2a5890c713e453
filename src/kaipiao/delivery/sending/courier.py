"""The courier (递送员): one process's loop that turns what happened into things received.

    expand   outbox rows become deliveries, or nothing where nobody ordered anything
    take     lease what is due, never more than there is room for
    send     each in a task of its own; what comes back is written down
    renew    every few seconds, the leases of what is in hand
    sweep    every minute, the clocks: too old, long settled

Any number of couriers may run, on any machine.  They meet in the leases only.

A courier that was stopped and wakes up holds leases that have passed to others.  So each send
begins with a look at our own clock, which runs on while we sleep: too late, and it is left alone.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import Protocol

from kaipiao.delivery.sending.events import OrderBook
from kaipiao.delivery.sending.schedule import wait_s
from kaipiao.errors import Outage
from kaipiao.fiscal.delivery import Channel, Parcel, Verdict
from kaipiao.ports import Deliveries

IN_HAND = 256
"""Deliveries that one courier has in hand at once."""

LOOK_EVERY_S = 0.5
RENEW_EVERY_S = 5.0
FRESH_S = 12.0
"""A lease is good for 15 seconds; nothing is sent on one that we know is older than this."""

SWEEP_EVERY_S = 60.0
FINISH_WITHIN_S = 0.8
GATHER_S = 0.02
"""Between something ending and the next look: others end meanwhile, and one look serves all."""

OUTAGE_PAUSE_S = 1.0
OLDEST_EVERY = 5
"""Every fifth look takes the oldest first, so that nothing waits for ever behind what is new."""

_log = logging.getLogger(__name__)


class Sender(Protocol):
    async def send(self, parcel: Parcel) -> Verdict: ...


class Courier:
    """``name`` is this process's own among all couriers there ever were."""

    def __init__(
        self,
        name: str,
        deliveries: Deliveries,
        senders: Mapping[Channel, Sender],
        *,
        fresh_s: float = FRESH_S,
    ) -> None:
        self._name = name
        self._fresh_s = fresh_s
        self._deliveries = deliveries
        self._senders = senders
        self._busy: Counter[str] = Counter()
        self._in_hand: dict[asyncio.Task[None], Parcel] = {}
        self._fresh_since: dict[str, float] = {}
        self._something_ended = asyncio.Event()
        self._looks = count(1)

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``; then finish what is nearly finished.  The rest is taken over."""
        loops = [
            asyncio.create_task(self._keep(self._expand, LOOK_EVERY_S, stop)),
            asyncio.create_task(self._keep(self._take, LOOK_EVERY_S, stop)),
            asyncio.create_task(self._keep(self._renew, RENEW_EVERY_S, stop)),
            asyncio.create_task(self._keep(self._sweep, SWEEP_EVERY_S, stop)),
        ]
        await asyncio.gather(*loops)
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=FINISH_WITHIN_S)
        for task in list(self._in_hand):
            task.cancel()

    async def _keep(
        self, act: Callable[[], Awaitable[bool]], every_s: float, stop: asyncio.Event
    ) -> None:
        """Do it until told to stop; at once again while there is more, else after a pause."""
        while not stop.is_set():
            try:
                is_more, pause_s = await act(), every_s
            except Outage as outage:
                _log.warning("%s waits: %s does not answer", act.__name__.strip("_"), outage)
                is_more, pause_s = False, OUTAGE_PAUSE_S
            except Exception:
                _log.exception("%s failed; it goes on", act.__name__.strip("_"))
                is_more, pause_s = False, OUTAGE_PAUSE_S
            if not is_more:
                await self._pause(stop, pause_s)

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)

    async def _expand(self) -> bool:
        return await self._deliveries.expand(OrderBook) > 0

    async def _take(self) -> bool:
        room = IN_HAND - len(self._in_hand)
        if room <= 0:
            return await self._wait_for_room()
        is_oldest_turn = next(self._looks) % OLDEST_EVERY == 0
        asked_at = time.monotonic()
        parcels = await self._deliveries.take(
            self._name, limit=room, busy=self._busy, oldest_first=is_oldest_turn
        )
        for parcel in parcels:
            self._begin(parcel, asked_at)
        return bool(parcels) and await self._wait_for_room()

    async def _wait_for_room(self) -> bool:
        """Go on when something has ended, and what ends with it; or soon anyway."""
        self._something_ended.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._something_ended.wait(), LOOK_EVERY_S)
        await asyncio.sleep(GATHER_S)
        return True

    def _begin(self, parcel: Parcel, asked_at: float) -> None:
        self._busy[parcel.lane] += 1
        self._fresh_since[parcel.delivery_id] = asked_at
        task = asyncio.create_task(self._carry(parcel))
        self._in_hand[task] = parcel
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        parcel = self._in_hand.pop(task)
        self._fresh_since.pop(parcel.delivery_id, None)
        self._busy[parcel.lane] -= 1
        if not self._busy[parcel.lane]:
            del self._busy[parcel.lane]
        self._something_ended.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("delivery %s could not be settled", parcel.delivery_id, exc_info=error)

    async def _carry(self, parcel: Parcel) -> None:
        """Send one parcel and write down what came of it, unless it is no longer ours."""
        if time.monotonic() - self._fresh_since[parcel.delivery_id] > self._fresh_s:
            _log.warning("delivery %s was too long in hand to be sent", parcel.delivery_id)
            return
        verdict = await self._try(parcel)
        again_after_s = None
        if verdict.outcome == "again":
            again_after_s = wait_s(parcel.delivery_id, parcel.tries, asked_s=verdict.retry_after_s)
        await self._note(parcel, verdict, again_after_s)

    async def _try(self, parcel: Parcel) -> Verdict:
        order = parcel.order
        if order is not None and not order.is_live:
            return Verdict(outcome="never", said="the order has ended or is disabled")
        try:
            return await self._senders[parcel.channel].send(parcel)
        except Outage as outage:
            return Verdict(outcome="again", said=f"{outage} did not answer")
        except Exception as defect:
            _log.exception("a defect while sending %s", parcel.delivery_id)
            return Verdict(outcome="again", said=f"a defect of ours: {type(defect).__name__}")

    async def _note(self, parcel: Parcel, verdict: Verdict, again_after_s: float | None) -> None:
        """As often as it takes: a note that is lost is a delivery made twice."""
        while True:
            try:
                ours = await self._deliveries.settle(
                    self._name, parcel, verdict, again_after_s=again_after_s
                )
            except Outage:
                await asyncio.sleep(OUTAGE_PAUSE_S)
                continue
            if not ours:
                _log.warning("delivery %s had passed to another courier", parcel.delivery_id)
            return

    async def _renew(self) -> bool:
        if ids := list(self._fresh_since):
            asked_at = time.monotonic()
            await self._deliveries.renew(self._name, ids)
            for one in ids:
                if one in self._fresh_since:
                    self._fresh_since[one] = asked_at
        return False

    async def _sweep(self) -> bool:
        await self._deliveries.sweep()
        return False
