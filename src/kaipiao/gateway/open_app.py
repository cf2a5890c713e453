"""A small public service: no accounts, a few calls, every limit of the gateway.

The witness and the mirror are served this way.  What goes wrong is answered as everywhere here,
with a problem document in the caller's language.
"""

import logging
from abc import ABC, abstractmethod
from typing import Any

import msgspec

from kaipiao.errors import Outage, Refusal
from kaipiao.gateway.arriving import Arriving
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.limits import Limits
from kaipiao.gateway.problems import compose_problem
from kaipiao.gateway.protocol import PatientProtocol
from kaipiao.gateway.reading import CallerGone
from kaipiao.gateway.refusals import HeadersTooLarge, MethodNotAllowed
from kaipiao.gateway.unread import Unread
from kaipiao.gateway.visit import NO_STORE, Answer, Receive, Scope, Send, Visit, send_answer

FOREVER = b"public, max-age=31536000, immutable"
BRIEFLY = b"public, max-age=1, must-revalidate"

_log = logging.getLogger("kaipiao.gateway")
_encode = msgspec.json.Encoder().encode


class OpenApp(ABC):
    """The ASGI application; whoever inherits says what there is to answer."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.arriving = Arriving(limits.max_arriving_bytes)
        self.unread = Unread(limits.max_unsent_total_bytes)
        self._room = Bulkhead(limits.max_other_in_flight)

    @abstractmethod
    async def answer(self, visit: Visit, receive: Receive) -> Answer:
        """Raises Refusal, Outage."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit(scope["method"], scope["path"], scope["headers"])
        try:
            with self._room:
                if len(scope["headers"]) > self.limits.max_headers:
                    raise HeadersTooLarge
                answer = await self.answer(visit, receive)
        except CallerGone:
            return
        except Exception as failure:
            answer = self._problem(visit, failure)
        await send_answer(send, visit, answer)

    def protocol(self) -> type[PatientProtocol]:
        """uvicorn makes one for each connection and hands it nothing of ours."""
        return type("Protocol", (PatientProtocol,), {"limits": self.limits, "unread": self.unread})

    def _problem(self, visit: Visit, failure: Exception) -> Answer:
        if not isinstance(failure, Refusal | Outage):
            _log.error("defect in request %s", visit.request_id.decode(), exc_info=failure)
        problem, headers = compose_problem(
            failure,
            language=visit.language,
            request_id=visit.request_id.decode(),
            max_violations=self.limits.max_violations,
        )
        return Answer(problem.status, _encode(problem), (*headers, NO_STORE))


def only(visit: Visit, *methods: str) -> None:
    """Raises MethodNotAllowed."""
    if visit.method not in methods:
        raise MethodNotAllowed(method=visit.method, allow=", ".join(methods))


def text_answer(
    text: str | bytes, *, status: int = 200, media_type: str = "", keep: bytes = b"no-store"
) -> Answer:
    kind = (media_type or "text/plain; charset=utf-8").encode()
    body = text if isinstance(text, bytes) else text.encode()
    return Answer(status, body, ((b"content-type", kind), (b"cache-control", keep)))


def json_answer(value: Any) -> Answer:
    return Answer(200, _encode(value) + b"\n")


NOTHING_HERE = text_answer("There is nothing at this address.\n没有这个地址。\n", status=404)
