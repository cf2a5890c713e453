"""What a plain request costs a server's process: from its bytes to its answer's bytes.

Everything of ours is in it: the glance at the request, the caller, the rate, the draft and the law,
the entry, the receipt and the access log.  The event loop, the kernel and the ledger are not:
a ledger that answers at once stands in for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import datetime
from time import perf_counter, process_time
from typing import Any, cast

from uvicorn import Config
from uvicorn.server import ServerState

from bench.drafts import compose_draft
from kaipiao.app.clock import SystemClock
from kaipiao.base.canonical import canonical
from kaipiao.fiscal.invoice import Receipt
from kaipiao.fiscal.number import compose_number, compose_series
from kaipiao.gateway.asgi import build_protocol
from kaipiao.gateway.front import Front
from kaipiao.gateway.identity import compose_token
from kaipiao.gateway.limits import Limits
from kaipiao.gateway.wiring import Services
from kaipiao.issuing.issue import Issuing
from kaipiao.ports import ApiKey, Entry, Tell
from kaipiao.regimes.cn.passage import passage_on
from kaipiao.regimes.cn.rules import check

REQUESTS = 1_000
KEY_ID = "bench"


class PromptLedger:
    """Answers at once; remembers nothing."""

    def __init__(self, issued_at: datetime) -> None:
        self._issued_at = issued_at
        self._series = compose_series(2026, 31, 1)
        self._serial = 0

    def enter(self, entry: Entry, tell: Tell) -> None:
        tell(self._receipt(entry))

    async def record(self, entry: Entry) -> Receipt:
        return self._receipt(entry)

    def _receipt(self, entry: Entry) -> Receipt:
        self._serial += 1
        return Receipt(
            number=compose_number(self._series, self._serial),
            issued_at=self._issued_at,
            seller=entry.seller,
            key=entry.key,
            digest=entry.digest,
            totals=entry.totals,
        )


class OneKey:
    """A directory in which everyone is the same caller, who may do everything."""

    def __init__(self, now: datetime) -> None:
        may, taxpayers = frozenset({"issue"}), frozenset({"*"})
        self._key = ApiKey(
            key_id=KEY_ID, tenant="t", name="n", may=may, taxpayers=taxpayers, created_at=now
        )

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey:
        return self._key


class Sink:
    """A connection that takes everything."""

    def __init__(self) -> None:
        self.writes = 0

    def write(self, data: bytes) -> None:
        self.writes += 1

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str) -> None:
        return None


def express_us(*, seconds: float = 0.3) -> float:
    """CPU microseconds a request: the cheapest of many goes."""
    return asyncio.run(_measure(seconds))


async def _measure(seconds: float) -> float:
    sink, authorization = Sink(), f"Bearer {compose_token(KEY_ID)}".encode()
    receive = _connect(_front(), sink)
    requests = [_request(index, authorization) for index in range(REQUESTS)]
    receive(requests[0])  # the first of a caller goes the long way
    await asyncio.sleep(0.05)
    best, end = float("inf"), perf_counter() + seconds
    while perf_counter() < end:
        sink.writes, began = 0, process_time()
        for request in requests:
            receive(request)
        best = min(best, process_time() - began)
        assert sink.writes == REQUESTS, "one did not take the express way"
        await asyncio.sleep(0)
    return best / REQUESTS * 1e6


def _front() -> Front:
    clock = SystemClock()
    ledger = cast(Any, PromptLedger(clock.now()))
    not_asked = dict.fromkeys(one.name for one in fields(Services) if one.default is MISSING)
    given: dict[str, Any] = not_asked | {
        "issuing": Issuing(ledger=ledger, clock=clock, law=check, passage=passage_on),
        "directory": OneKey(clock.now()),
        "clock": clock,
        "limits": Limits(rate_per_s=1e9, rate_burst=10**9),
        "note_access": bytes.__len__,
    }
    return Front(Services(**given), cast(Any, None))


def _connect(front: Front, sink: Sink) -> Callable[[bytes], None]:
    config = Config(front, http=build_protocol(front), lifespan="off", log_config=None)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"Wed, 25 Nov 2026 00:00:00 GMT")]
    protocol = build_protocol(front)(config=config, server_state=state, app_state={})
    protocol.connection_made(cast(Any, sink))
    return protocol.data_received


def _request(index: int, authorization: bytes) -> bytes:
    body = canonical(compose_draft(index))
    return (
        b"POST /v1/invoices HTTP/1.1\r\nHost: localhost:8720\r\nAuthorization: %b\r\n"
        b"Content-Type: application/json\r\nIdempotency-Key: sale-%d\r\n"
        b"Content-Length: %d\r\n\r\n%b"
    ) % (authorization, index, len(body), body)
