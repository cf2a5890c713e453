"""The issuing call on the express way: no coroutine, no scope, no framework.

Nearly every issuing request is small, arrives in one piece, comes from a key that we know,
and breaks no rule.  Such a one is taken from its bytes into the ledger's queue between two
reads of the socket, and its answer is written when the commit is durable.

Whatever is not so goes the long way round (``front.py``), from the beginning and with nothing
done yet, so there is one place only that says no and both ways say the same.
"""

import asyncio
import time
from collections import deque
from functools import partial

from kaipiao.base.canonical import canonical
from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import Receipt
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.faults import repeats_a_member
from kaipiao.gateway.identity import Identity, authorize
from kaipiao.gateway.issue import decode_draft
from kaipiao.gateway.rates import Rates
from kaipiao.gateway.reading import JSON_TYPES, check_media_type, idempotency_key
from kaipiao.gateway.visit import Visit
from kaipiao.gateway.wiring import Services

EXPRESS_MAX_BYTES = 64 * 1024
"""Larger bodies go the long way, which waits for them and bounds the waiting."""

SWEEP_EVERY_S = 1.0

Entered = asyncio.Future[Receipt | Exception]


class Express:
    """Takes plain issuing requests in, and sees to it that each is answered in time."""

    def __init__(
        self, services: Services, *, identity: Identity, rates: Rates, room: Bulkhead
    ) -> None:
        self._issuing = services.issuing
        self._timeout_s = services.limits.answer_timeout_s
        self.max_headers = services.limits.max_headers
        self._identity = identity
        self._rates = rates
        self._room = room
        self._waiting: deque[tuple[float, Entered]] = deque()
        self._sweeping = False
        self.entered = 0  # since the process began

    def enter(self, visit: Visit, body: bytes) -> Entered | None:
        """Queue the invoice in ``body``; None: nothing was done, go the long way."""
        caller = self._identity.remembered(visit.authorization)
        if caller is None or self._room.is_full:
            return None
        try:
            check_media_type(visit, JSON_TYPES)
            key = idempotency_key(visit)
            draft = decode_draft(body)
            payload = canonical(draft)
            if repeats_a_member(body, payload):
                return None
            authorize(caller, "issue", draft.seller.taxpayer_id)
            spent = self._rates.spend(caller.key_id)
            if spent is None:
                return None
            entered: Entered = asyncio.get_running_loop().create_future()
            tell = partial(_tell, entered)
            if not self._issuing.enter(draft, key=key, payload=payload, tell=tell):
                return None
        except Exception:  # the long way meets it again, and says what it is
            return None
        visit.caller, visit.rate_headers = caller.key_id, spent
        return self._watch(entered)

    def _watch(self, entered: Entered) -> Entered:
        self.entered += 1
        self._room.inside += 1
        waiting = self._waiting
        while waiting and waiting[0][1].done():
            waiting.popleft()
        waiting.append((time.monotonic() + self._timeout_s, entered))
        if not self._sweeping:
            self._sweeping = True
            entered.get_loop().call_later(SWEEP_EVERY_S, self._sweep)
        return entered

    def leave(self) -> None:
        """One that was entered is being answered."""
        self._room.inside -= 1

    def _sweep(self) -> None:
        """Tell those who waited too long that we do not know; the ledger goes on regardless.

        One timer for all of them: they wait equally long, so they stand in the order of their
        deadlines.
        """
        waiting, now = self._waiting, time.monotonic()
        while waiting and (waiting[0][1].done() or waiting[0][0] <= now):
            _, entered = waiting.popleft()
            if not entered.done():
                entered.set_result(Outage("ledger"))
        self._sweeping = bool(waiting)
        if waiting:
            waiting[0][1].get_loop().call_later(SWEEP_EVERY_S, self._sweep)


def _tell(entered: Entered, outcome: Receipt | Exception) -> None:
    if not entered.done():  # done: it waited too long, and was told so
        entered.set_result(outcome)
