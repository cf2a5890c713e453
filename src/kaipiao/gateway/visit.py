"""One call, from its first byte to its answer."""

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from kaipiao.gateway.problems import prefers_chinese
from kaipiao.ports import ApiKey

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON: Header = (b"content-type", b"application/json")
NO_STORE: Header = (b"cache-control", b"no-store")
INVOICES = "/v1/invoices"
REQUEST_ID_MAX = 64
VISIT = "kaipiao.visit"
"""Where the surface finds the visit in its scope."""
_process = secrets.token_hex(6).encode()
_count = count(1)
"""Together they name a call of ours: which process, and which of its calls."""
_SANE = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:")


class Answer(NamedTuple):
    """What is sent back.  Length, request id and rate headers are added on the way out."""

    status: int
    body: bytes
    headers: tuple[Header, ...] = (JSON, NO_STORE)


class Visit:
    """One call.  Knows who calls and by which name, never what is in the body."""

    __slots__ = (
        "_request_id", "address", "authorization", "began", "caller", "content_length", "encoding",
        "idempotency_key", "key", "language_header", "media_type", "method", "path",
        "rate_headers", "status",
    )  # fmt: skip

    def __init__(self, method: str, path: str, headers: Sequence[Header]) -> None:
        self.began = time.monotonic()
        self.method = method
        self.path = path
        self.status = 0
        self.caller = ""
        self.address = ""  # of whoever is at the other end of the connection
        self.key: ApiKey | None = None
        self.rate_headers: tuple[Header, ...] = ()
        self._read_headers(headers)

    def _read_headers(self, headers: Sequence[Header]) -> None:
        # One pass over all of them is cheaper than a look-up for each that we want.
        self.authorization = self.media_type = self.encoding = self.language_header = b""
        self.content_length = self._request_id = b""
        self.idempotency_key: bytes | None = None
        for name, value in headers:
            if name == b"authorization":
                self.authorization = value
            elif name == b"content-type":
                self.media_type = value
            elif name == b"content-length":
                self.content_length = value
            elif name == b"idempotency-key":
                self.idempotency_key = value
            elif name == b"accept-language":
                self.language_header = value
            elif name == b"content-encoding":
                self.encoding = value
            elif name == b"x-request-id":
                self._request_id = value

    @property
    def language(self) -> str:
        return "zh" if prefers_chinese(self.language_header) else "en"

    @property
    def request_id(self) -> bytes:
        """The caller's own name for this call if it is a sane one, else one of ours."""
        self._request_id = name_call(self._request_id)
        return self._request_id


def name_call(given: bytes) -> bytes:
    """The caller's own name for a call if it is a sane one, else one of ours."""
    if given and len(given) <= REQUEST_ID_MAX and _SANE.issuperset(given):
        return given
    return b"%b-%x" % (_process, next(_count))


async def send_answer(send: Send, visit: Visit, answer: Answer) -> None:
    status, body, headers = answer
    visit.status = status
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                *headers,
                (b"content-length", b"%d" % len(body)),
                (b"x-request-id", visit.request_id),
                *visit.rate_headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


def render_answer(visit: Visit, answer: Answer, stamp: bytes) -> bytes:
    """The same without a server's help.  ``stamp`` is the server's own header lines."""
    status, body, headers = answer
    lines = [STATUS_LINE[status], stamp]
    for name, value in (*headers, *visit.rate_headers):
        lines += (name, b": ", value, b"\r\n")
    lines += (
        b"content-length: %d\r\nx-request-id: " % len(body),
        visit.request_id,
        b"\r\n\r\n",
        body,
    )
    return b"".join(lines)
