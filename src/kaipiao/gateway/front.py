"""The way of a request: who, how fast, how many at once, where to; and one way out for failures.

1. admit     headers, identity, rate, room; a no here costs nothing behind us
2. answer    the issuing calls from their bytes, everything else through the surface
3. or fail   every exception becomes one problem document, here and nowhere else
4. note      one line for the access log: no body, no query, no secret; a refused permission
             also in the audit log
"""

import asyncio
import logging

import msgspec

from kaipiao.base.shortage import is_shortage
from kaipiao.errors import NotAllowed, NotAuthenticated, Outage, Refusal
from kaipiao.fiscal.invoice import Receipt
from kaipiao.gateway.access import DOWNLOAD, AccessLog
from kaipiao.gateway.arriving import Arriving
from kaipiao.gateway.batch import BatchCall
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.denials import Denials, denied_by
from kaipiao.gateway.express import Express, Ride
from kaipiao.gateway.identity import Identity, authorize
from kaipiao.gateway.issue import IssueCall
from kaipiao.gateway.plain_answer import answers_under
from kaipiao.gateway.problems import compose_problem
from kaipiao.gateway.rates import Rates
from kaipiao.gateway.reading import CallerGone, read_body
from kaipiao.gateway.refusals import HeadersTooLarge, MethodNotAllowed
from kaipiao.gateway.unread import Unread
from kaipiao.gateway.visit import (
    INVOICES,
    NO_STORE,
    VISIT,
    Answer,
    App,
    Header,
    Message,
    Receive,
    Scope,
    Send,
    Visit,
    name_call,
    render_answer,
    send_answer,
)
from kaipiao.gateway.wiring import Services

BATCH = "/v1/invoices:batch"
IMPORTS = "/v1/imports"

CALLER_GONE = 499
WITH_BODY = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_log = logging.getLogger("kaipiao.gateway")
_encode = msgspec.json.Encoder().encode


class Front:
    """The ASGI application."""

    def __init__(self, services: Services, surface: App) -> None:
        limits = services.limits
        self.limits = limits
        self._surface = surface
        self._arriving = Arriving(limits.max_arriving_bytes)
        self._issue = IssueCall(services, self._arriving)
        self.unread = Unread(limits.max_unsent_total_bytes)
        self.denials = Denials(services)
        self._batch = BatchCall(services, self.unread, self._arriving, self.denials)
        self._identity = Identity(directory=services.directory, clock=services.clock, limits=limits)
        self._rates = Rates(rate_per_s=limits.rate_per_s, burst=limits.rate_burst)
        self._answers = answers_under(self._rates.policy)
        self._strangers = Rates(
            rate_per_s=limits.anonymous_rate_per_s, burst=limits.anonymous_burst
        )
        self._issuing_room = Bulkhead(limits.max_issuing_in_flight)
        self._upload_room = Bulkhead(limits.max_uploads_in_flight)
        self._other_room = Bulkhead(limits.max_other_in_flight)
        self._access = AccessLog(services.note_access)
        self._cannot_go_on = services.cannot_go_on
        self._stamp: tuple[list[Header], bytes] = ([], b"")
        self.express = Express(
            services, identity=self._identity, rates=self._rates, room=self._issuing_room
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        visit = Visit(scope["method"], scope["path"], scope["headers"])
        try:
            answer = await self._answer(visit, scope, receive, send)
        except CallerGone:
            visit.status, answer = CALLER_GONE, None
        except asyncio.CancelledError:  # the server stops and waits no longer
            if visit.status:
                raise
            answer = self.problem(visit, Outage("serve"))
        except Exception as failure:
            known = self._recognize(failure)
            if visit.status:  # too late for a problem: cut the answer off, visibly
                raise
            answer = self.problem(visit, known)
        if answer is not None:
            await send_answer(send, visit, answer)
        self._access.note(visit)

    def stamp(self, headers: list[Header]) -> bytes:
        """The server's own headers (the date), as bytes; uvicorn makes a new list each second."""
        if headers is not self._stamp[0]:
            lines = b"".join(b"%b: %b\r\n" % header for header in headers)
            self._stamp = (headers, lines)
        return self._stamp[1]

    def answer_ride(
        self, ride: Ride, outcome: Receipt | Exception, server_headers: list[Header]
    ) -> bytes:
        """The whole answer to an invoice that went the express way."""
        self.express.leave()
        stamp = self.stamp(server_headers)
        if not isinstance(outcome, Receipt):
            return self._answer_failed(ride, outcome, stamp)
        name = name_call(ride.name)
        status = 200 if outcome.replayed else 201
        self._access.note_call("POST", INVOICES, status, ride.began, ride.caller, name)
        return self._answers.whole(outcome, stamp, ride.left, ride.full_in_s, name)

    def _answer_failed(self, ride: Ride, failure: Exception, stamp: bytes) -> bytes:
        visit = ride.visit()
        visit.rate_headers = self._rates.told(ride.left, ride.full_in_s)
        answer = self.problem(visit, self._recognize(failure))
        visit.status = answer.status
        self._access.note(visit)
        return render_answer(visit, answer, stamp)

    async def _answer(
        self, visit: Visit, scope: Scope, receive: Receive, send: Send
    ) -> Answer | None:
        await self._admit(visit, scope)
        if visit.path == INVOICES and visit.method == "POST":
            with self._issuing_room:
                return await self._issue(visit, receive)
        if visit.path == BATCH:
            if visit.method != "POST":
                raise MethodNotAllowed(method=visit.method, allow="POST")
            with self._issuing_room:
                await self._batch(visit, receive, send, rates=self._rates)
                return None
        if visit.path == IMPORTS and visit.method == "POST":
            with self._upload_room:
                await self._pass_on(visit, scope, receive, send)
            return None
        with self._other_room:
            await self._pass_on(visit, scope, receive, send)
        return None

    async def _admit(self, visit: Visit, scope: Scope) -> None:
        """Raise unless the caller may go on."""
        if len(scope["headers"]) > self.limits.max_headers:
            raise HeadersTooLarge
        client = scope.get("client")
        visit.address = address = client[0] if client else "-"
        if not visit.authorization:
            if visit.path.startswith(("/v1/", DOWNLOAD)):
                self._strangers.take(address)
            return
        try:
            visit.key = key = await self._identity.find(visit.authorization)
        except NotAuthenticated:
            self._strangers.take(address)
            raise
        visit.caller = caller = key.key_id
        try:
            self._rates.take(caller)
        finally:
            visit.rate_headers = self._rates.headers(caller)

    async def _pass_on(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the surface answer, with the body already read and the answer's headers ours."""
        if visit.path == INVOICES and visit.method not in ("GET", "POST"):
            raise MethodNotAllowed(method=visit.method, allow="GET, POST")
        body = b""
        if visit.method in WITH_BODY:
            limit_bytes, timeout_s = self._patience(visit)
            body = await read_body(
                receive, visit, self._arriving, limit_bytes=limit_bytes, timeout_s=timeout_s
            )
        scope[VISIT] = visit
        if visit.method == "OPTIONS":
            scope["method"] = "-"  # Litestar's own answer is incomplete; its refusal is not

        told = [body]  # once; after that, only whether the caller is still there

        async def given() -> Message:
            if told:
                return {"type": "http.request", "body": told.pop(), "more_body": False}
            return await receive()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_headers(visit, message)
            await send(message)

        await self._surface(scope, given, sending)

    def _patience(self, visit: Visit) -> tuple[int, float]:
        """How many bytes, within how many seconds."""
        limits = self.limits
        if visit.path == IMPORTS:
            authorize(visit.key, "issue")  # before so much is read
            return limits.max_import_bytes, limits.upload_timeout_s
        return limits.max_body_bytes, limits.body_timeout_s

    def _recognize(self, failure: Exception) -> Exception:
        """A want of memory is an outage of ours, which another process will not have."""
        if not is_shortage(failure):
            return failure
        if self._cannot_go_on:
            self._cannot_go_on("short of memory")
        return Outage("memory")

    def problem(self, visit: Visit, failure: Exception) -> Answer:
        """The answer to a failure; a defect is also written down, with the request's id."""
        if isinstance(denied := denied_by(failure), NotAllowed | NotAuthenticated):
            self.denials.note(visit, denied)
        elif not isinstance(failure, Refusal | Outage):
            _log.error("defect in request %s", visit.request_id.decode(), exc_info=failure)
        problem, headers = compose_problem(
            failure,
            language=visit.language,
            request_id=visit.request_id.decode(),
            max_violations=self.limits.max_violations,
        )
        return Answer(problem.status, _encode(problem), (*headers, NO_STORE))

    async def _live(self, receive: Receive, send: Send) -> None:
        """Answer the server's questions about our life."""
        while True:
            message = await receive()
            is_over = message["type"] == "lifespan.shutdown"
            if is_over:
                await self.denials.close()
                self._access.flush()
            await send({"type": f"{message['type']}.complete"})
            if is_over:
                return


def _add_headers(visit: Visit, start: Message) -> None:
    """Our headers on an answer of the surface, where it has not set them itself."""
    visit.status = start["status"]
    own = ((b"x-request-id", visit.request_id), NO_STORE, *visit.rate_headers)
    named = {name for name, _ in start["headers"]}
    start["headers"] = [*start["headers"], *(pair for pair in own if pair[0] not in named)]
