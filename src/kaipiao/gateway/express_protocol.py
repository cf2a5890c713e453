"""HTTP/1.1 with an express way for issuing.

A piece of bytes that is one whole plain request, between requests, is taken apart at a glance,
handed to ``Express``, and answered with one write.  Many callers write the headers and the body
apart, so headers alone are held for a moment.  Anything else (another call, a body in more
pieces or too large, a request behind another one) goes to the parser and the ways behind it as
if there were no express way.
"""

import asyncio
import logging

from kaipiao.fiscal.invoice import Receipt
from kaipiao.gateway.express import Ride
from kaipiao.gateway.front import Front
from kaipiao.gateway.plain_request import is_head, scan
from kaipiao.gateway.protocol import PatientProtocol

HOLD_S = 0.1
"""How long headers are held while their body does not come; then they go the long way."""

_log = logging.getLogger("kaipiao.gateway")


class ExpressProtocol(PatientProtocol):
    front: Front

    _parsing = False
    _rested_at = 0.0
    _held = b""
    _holding: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        if self._held:
            data = self._take_held() + data
        if self._parsing or not self._board(data):
            super().data_received(data)

    def on_message_begin(self) -> None:
        self._parsing = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._parsing = self.parser.should_upgrade()  # whoever wants to leave HTTP never returns
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        # One timer for many answers: it may be older than the last of them.
        self.timeout_keep_alive_task = None
        if self._held or (self.cycle is not None and not self.cycle.response_complete):
            return  # the answer sets another
        left_s = self._rested_at + self.timeout_keep_alive - self.loop.time()
        if left_s > 0 and not self.transport.is_closing():
            self._keep_alive(left_s)
        else:
            super().timeout_keep_alive_handler()

    def farewell(self) -> None:
        # In this one connection's place: who stays takes no extra step for it.
        self._board = _never  # type: ignore[assignment,method-assign]
        super().farewell()

    def shutdown(self) -> None:
        self._let_go()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        self._take_held()
        super().connection_lost(exc)

    def deliver(self, ride: Ride, outcome: Receipt | Exception) -> None:
        try:
            answer = self.front.answer_ride(ride, outcome, self.server_state.default_headers)
        except Exception:  # a cut line is the truth: nothing is known, ask again
            _log.error("an answer could not be written", exc_info=True)
            self.transport.abort()
            return
        if self.transport.is_closing():
            return
        self.transport.write(answer)
        if not ride.keep_alive:
            self.transport.close()
        self._rest()

    def note_asked(self) -> None:
        """A request is under way."""

    def note_answered(self) -> None:
        """Its answer is out."""

    def _board(self, data: bytes) -> bool:
        before = self.cycle
        if before is not None and not before.response_complete:
            return False
        if self.flow.write_paused:  # who does not read waits on the long way
            return False
        parcel = scan(data, self.limits.max_headers)
        if parcel is None:
            return self._hold(data)
        self.note_asked()
        ride = Ride(self, parcel[2], parcel[3])
        self.cycle = ride  # type: ignore[assignment]  # all that uvicorn asks of one is there
        if not self.front.express.enter(ride, parcel):
            self.cycle = before
            return False
        if self._deadline is not None:
            self._cancel_deadline()
        return True

    def _hold(self, data: bytes) -> bool:
        if not is_head(data, self.limits.max_headers):
            return False
        self.note_asked()
        self._cancel_deadline()
        self._held = data
        self._holding = self.loop.call_later(HOLD_S, self._let_go)
        return True

    def _take_held(self) -> bytes:
        held, self._held = self._held, b""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
        return held

    def _let_go(self) -> None:
        """What is held goes the long way."""
        if held := self._take_held():
            super().data_received(held)

    def _rest(self) -> None:
        """As uvicorn's ``on_response_complete``, without a new timer each time."""
        if self.pipeline or self.transport.is_closing():
            self.on_response_complete()
            return
        self.note_answered()
        self.server_state.total_requests += 1
        self._rested_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )


def _never(_: bytes) -> bool:
    """No express way any more: its answers do not say ``Connection: close``."""
    return False
