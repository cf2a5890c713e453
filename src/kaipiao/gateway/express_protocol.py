"""HTTP/1.1 with an express way for issuing.

httptools parses; a plain issuing request is kept aside until it is whole, handed to
``Express``, and answered with one write.  Anything else (another call, a body in pieces or too
large, a request behind another one, a connection to be closed) is replayed into uvicorn's own
protocol as if it had just arrived.
"""

from functools import partial

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from kaipiao.gateway.express import EXPRESS_MAX_BYTES, Entered
from kaipiao.gateway.front import INVOICES, Front
from kaipiao.gateway.protocol import PatientProtocol
from kaipiao.gateway.visit import Answer, Visit

_PATH = INVOICES.encode()


class _NoEvent:
    """uvicorn wakes a request's task when its connection is lost; here there is none."""

    def set(self) -> None:
        pass


class ExpressCycle:
    """What uvicorn's protocol asks of a request that is being answered."""

    __slots__ = ("disconnected", "keep_alive", "response_complete")

    message_event = _NoEvent()
    more_body = False

    def __init__(self) -> None:
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False


class ExpressProtocol(PatientProtocol):
    front: Front

    _parcel: list[bytes] | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._parcel is not None:  # more of the body is to come, who knows when
            self._replay(self._parcel, whole=False)

    def on_message_begin(self) -> None:
        # As uvicorn's, without the ASGI scope, which the express way has no use for.
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._expect_headers()

    def on_headers_complete(self) -> None:
        if self._is_plain():
            self._parcel = []
            self._headers_are_here()
        else:
            self._go_the_long_way()

    def on_body(self, body: bytes) -> None:
        if self._parcel is None:
            super().on_body(body)
        elif len(body) > EXPRESS_MAX_BYTES:
            self._replay([*self._parcel, body], whole=False)
        else:
            self._parcel.append(body)

    def on_message_complete(self) -> None:
        if self._parcel is None:
            super().on_message_complete()
            return
        parcel, visit = self._parcel, Visit("POST", INVOICES, self.headers)
        body = parcel[0] if len(parcel) == 1 else b"".join(parcel)
        if (entered := self.front.express.enter(visit, body)) is None:
            self._replay(parcel, whole=True)
        else:
            self._parcel = None
            self._await(visit, entered)

    def _is_plain(self) -> bool:
        parser = self.parser
        return (
            self.url == _PATH
            and parser.get_method() == b"POST"
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused  # who does not read waits on the long way
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and parser.get_http_version() == "1.1"
            and not self.expect_100_continue
            and len(self.headers) <= self.front.express.max_headers
        )

    def _replay(self, parcel: list[bytes], *, whole: bool) -> None:
        self._parcel = None
        self._go_the_long_way()
        for piece in parcel:
            super().on_body(piece)
        if whole:
            super().on_message_complete()

    def _go_the_long_way(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers  # the very list that the scope holds
        super().on_headers_complete()

    def _await(self, visit: Visit, entered: Entered) -> None:
        cycle = ExpressCycle()
        self.cycle = cycle  # type: ignore[assignment]  # all that uvicorn asks of one is there
        entered.add_done_callback(partial(self._deliver, visit, cycle))

    def _deliver(self, visit: Visit, cycle: ExpressCycle, entered: Entered) -> None:
        answer = self.front.answer_outcome(visit, entered)
        cycle.response_complete = True
        if cycle.disconnected or self.transport.is_closing():
            return
        self.transport.write(self._render(visit, answer))
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _render(self, visit: Visit, answer: Answer) -> bytes:
        status, body, headers = answer
        lines = [STATUS_LINE[status], self.front.stamp(self.server_state.default_headers)]
        for name, value in (*headers, *visit.rate_headers):
            lines += (name, b": ", value, b"\r\n")
        lines += (
            b"content-length: %d\r\nx-request-id: " % len(body),
            visit.request_id,
            b"\r\n\r\n",
            body,
        )
        return b"".join(lines)
