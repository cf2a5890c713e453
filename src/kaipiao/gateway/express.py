"""The issuing call on the express way: no parser, no coroutine, no scope, no framework.

Nearly every issuing request is small, arrives in one piece, comes from a key that we know,
and breaks no rule.  Such a one is taken from its bytes into the ledger's queue between two
reads of the socket, and its answer is written when the commit is durable.

Whatever is not so goes the long way round (``front.py``), from the beginning and with nothing
done yet, so there is one place only that says no and both ways say the same.
"""

import asyncio
import time
from collections import deque
from typing import NamedTuple, Protocol

from kaipiao.base.canonical import canonical
from kaipiao.base.repeated import repeats_a_member
from kaipiao.errors import Outage
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.plain import Plain
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.identity import Identity, authorize
from kaipiao.gateway.issue import decode_draft
from kaipiao.gateway.plain_request import Parcel
from kaipiao.gateway.rates import Rates
from kaipiao.gateway.visit import INVOICES, Visit
from kaipiao.gateway.wiring import Services

SWEEP_EVERY_S = 1.0


class Fair(NamedTuple):
    """A draft that no passage could read, and in which nothing is wrong so far."""

    seller: str
    draft: Draft
    payload: bytes  # canonical


class Carrier(Protocol):
    """The connection of a ride."""

    def deliver(self, ride: "Ride", outcome: Receipt | Exception) -> None: ...


class _NoEvent:
    """uvicorn wakes a request's task when its connection is lost; here there is none."""

    def set(self) -> None:
        pass


class Ride:
    """One plain request between its bytes and its answer; also all that uvicorn's protocol asks
    of a request that is being answered.  The ledger calls it with the outcome."""

    __slots__ = (
        "_carrier", "_languages", "began", "caller", "disconnected", "full_in_s", "keep_alive",
        "left", "name", "response_complete",
    )  # fmt: skip

    message_event = _NoEvent()
    more_body = False

    began: float  # time.monotonic()
    caller: str
    left: int  # in the caller's bucket, which is full again in so many seconds
    full_in_s: int

    def __init__(self, carrier: Carrier, name: bytes, languages: bytes) -> None:
        self._carrier = carrier
        self.name = name
        self._languages = languages
        self.keep_alive = True
        self.disconnected = self.response_complete = False

    def __call__(self, outcome: Receipt | Exception) -> None:
        """Answer; the first outcome counts."""
        if not self.response_complete:
            self.response_complete = True
            self._carrier.deliver(self, outcome)

    def visit(self) -> Visit:
        """As the long way knows this call."""
        headers = ((b"x-request-id", self.name), (b"accept-language", self._languages))
        visit = Visit("POST", INVOICES, headers)
        visit.began, visit.caller = self.began, self.caller
        return visit


class Express:
    """Takes plain issuing requests in, and sees to it that each is answered in time."""

    def __init__(
        self, services: Services, *, identity: Identity, rates: Rates, room: Bulkhead
    ) -> None:
        self._issuing = services.issuing
        self._timeout_s = services.limits.answer_timeout_s
        self._identity = identity
        self._rates = rates
        self._room = room
        self._waiting: deque[Ride] = deque()
        self._sweeping = False
        self.entered = 0  # since the process began

    def enter(self, ride: Ride, parcel: Parcel) -> bool:
        """Queue the invoice in ``parcel``; False: nothing was done, go the long way."""
        authorization, key, _, _, body = parcel
        now = ride.began = time.monotonic()
        caller = self._identity.remembered(authorization, now)
        if caller is None or self._room.is_full:
            return False
        try:
            read = self._read(body)
            authorize(caller, "issue", read[0])
        except Exception:  # the long way meets it again, and says what it is
            return False
        ride.caller = caller.key_id
        ride.left, ride.full_in_s = self._rates.spend(caller.key_id, now)
        return ride.left >= 0 and self._hand_over(ride, IdempotencyKey(key), read)

    def _read(self, body: bytes) -> Plain | Fair:
        passage = self._issuing.passage
        if passage is not None and (plain := passage.read(body)) is not None:
            return plain
        draft = decode_draft(body)
        payload = canonical(draft)
        if repeats_a_member(body, payload):
            raise ValueError
        return Fair(draft.seller.taxpayer_id, draft, payload)

    def _hand_over(self, ride: Ride, key: IdempotencyKey, read: Plain | Fair) -> bool:
        self._room.inside += 1
        self._watch(ride)
        try:
            if isinstance(read, Fair):
                entered = self._issuing.enter(read.draft, key=key, payload=read.payload, tell=ride)
            else:
                self._issuing.enter_plain(read, key=key, tell=ride)
                entered = True
        except Exception:
            entered = ride.response_complete
        if entered:
            self.entered += 1
        elif not ride.response_complete:
            ride.response_complete = True  # whatever it may still be told is no answer
            self._room.inside -= 1
            self._rates.charge(ride.caller, tokens=-1)  # the long way charges for it again
        return entered

    def _watch(self, ride: Ride) -> None:
        waiting = self._waiting
        while waiting and waiting[0].response_complete:
            waiting.popleft()
        waiting.append(ride)
        if not self._sweeping:
            self._sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_EVERY_S, self._sweep)

    def leave(self) -> None:
        """One that was entered is being answered."""
        self._room.inside -= 1

    def _sweep(self) -> None:
        """Tell those who waited too long that we do not know; the ledger goes on regardless.

        One timer for all of them: they wait equally long, so they stand in the order of their
        deadlines.
        """
        waiting, too_old = self._waiting, time.monotonic() - self._timeout_s
        while waiting and (waiting[0].response_complete or waiting[0].began <= too_old):
            waiting.popleft()(Outage("ledger"))
        self._sweeping = bool(waiting)
        if waiting:
            asyncio.get_running_loop().call_later(SWEEP_EVERY_S, self._sweep)
