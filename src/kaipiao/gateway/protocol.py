"""uvicorn's HTTP/1.1, with what it lacks.

uvicorn answers a broken request in plain text, waits for ever for headers that do not come, and
reads them without end.  This protocol answers all three with a problem, and hangs up.  And
uvicorn parses more requests of a caller than it answers, without end; here those must wait.
Who does not read our answers is waited for, but not for ever (``unread.py``).
"""

import asyncio
import sys
from collections.abc import Sized
from typing import Any

import msgspec
from httptools import HttpParserCallbackError
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from kaipiao.errors import Refusal
from kaipiao.gateway.limits import Limits
from kaipiao.gateway.problems import compose_problem
from kaipiao.gateway.refusals import BodyTooSlow, HeadersTooLarge, NotHttp
from kaipiao.gateway.unread import StallWatch, Unread

_encode = msgspec.json.Encoder().encode


class Flow(FlowControl):
    """Nothing more is read from a caller whose requests stand in line.

    Whoever is being answered then has all of its body, for others came behind it.
    """

    def __init__(self, transport: asyncio.Transport, line: Sized, watch: StallWatch) -> None:
        super().__init__(transport)
        self._line = line
        self._watch = watch

    def resume_reading(self) -> None:
        if not self._line:
            super().resume_reading()

    def pause_writing(self) -> None:
        if not self.write_paused:
            self._watch.begin()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._watch.end()
        super().resume_writing()


class LastParser:
    """A parser whose caller is told, with the next answer, not to ask here again."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self.feed_data = parser.feed_data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def should_keep_alive(self) -> bool:
        return False


class PatientProtocol(HttpToolsProtocol):
    """Patient, not endlessly so."""

    limits: Limits
    unread: Unread

    _in_headers = False
    _began_just_now = False
    _header_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        watch = StallWatch(transport, self.unread, timeout_s=self.limits.unread_timeout_s)
        self.flow = Flow(transport, self.pipeline, watch)
        self._set_deadline()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # Nearly every request arrives with its headers in one piece, and costs nothing here.
        if self._in_headers:
            # What lies before them in the piece in which they begin may be other requests.
            self._wait_for_headers(0 if self._began_just_now else len(data))
            self._began_just_now = False

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_headers()

    def on_headers_complete(self) -> None:
        self._headers_are_here()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        # uvicorn takes whatever happens inside the parser for the caller's fault.  If it was we
        # who failed (no memory, say), a cut line is the truth: nothing is known, ask again.
        if isinstance(sys.exc_info()[1], HttpParserCallbackError):
            failure = {"message": "a request was cut off", "exception": sys.exc_info()[1]}
            self.loop.call_exception_handler(failure)
            self.transport.abort()
        else:
            self._refuse(NotHttp())

    def farewell(self) -> None:
        """This process will end: the next answer says ``Connection: close``, and is the last.

        Hanging up on a kept connection at once would cut off whoever is just asking.
        """
        if not isinstance(self.parser, LastParser):
            self.parser = LastParser(self.parser)  # type: ignore[assignment]

    def _expect_headers(self) -> None:
        self._in_headers = self._began_just_now = True
        self._header_bytes = 0

    def _headers_are_here(self) -> None:
        self._in_headers = False
        self._cancel_deadline()

    def _wait_for_headers(self, arrived: int) -> None:
        self._header_bytes += arrived
        if self._header_bytes > self.limits.max_header_bytes:
            self._refuse(HeadersTooLarge())
        elif self._deadline is None:
            self._set_deadline()

    def _set_deadline(self) -> None:
        timeout_s = self.limits.header_timeout_s
        late = BodyTooSlow(timeout_s=timeout_s)
        self._deadline = self.loop.call_later(timeout_s, self._refuse, late)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what never became a request, and hang up."""
        self._cancel_deadline()
        self._in_headers = False
        if self.transport.is_closing():
            return
        if not self._owes_an_answer():  # else it would be taken for that one
            self.transport.write(compose_raw(refusal))
        self.transport.close()

    def _owes_an_answer(self) -> bool:
        """Another request, one that came before, is still being answered; or this one already."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        return bool(self.pipeline) or not cycle.more_body or cycle.response_started


def compose_raw(refusal: Refusal) -> bytes:
    """A whole HTTP answer for a caller of whom nothing is known, not even the language."""
    problem, headers = compose_problem(refusal, language="en", request_id="-", max_violations=0)
    body = _encode(problem)
    lines = [
        STATUS_LINE[problem.status],
        *(b"%b: %b\r\n" % header for header in headers),
        b"cache-control: no-store\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body),
    ]
    return b"".join(lines) + body
