"""One webhook: posted, signed, and judged by the status that comes back.

2xx                delivered
410                gone: the endpoint is disabled until a person enables it
400 409 413 415 422   this message is at fault: tried again, and the endpoint stays trusted
anything else, a redirect, silence, no TLS   the endpoint is at fault: tried again
"""

import asyncio
import time
from typing import Final

import httpcore
import msgspec

from kaipiao.delivery.sending.dial import Pools
from kaipiao.delivery.sending.secret import sign_webhook
from kaipiao.delivery.sending.targets import TargetRefused
from kaipiao.fiscal.delivery import Parcel, Verdict
from kaipiao.ports import Clock

TIMEOUT_S = 15.0
"""From the first packet to the end of the answer; the endpoint is to answer, not to work."""

CONNECT_WITHIN_S = 5.0
ANSWER_BYTES = 2_048
"""Of the answer's body, read and thrown away or shown; the rest is cut off."""

SAID_CHARS = 200
GONE = 410
MESSAGE_AT_FAULT: Final = frozenset({400, 409, 413, 415, 422})
AGENT = b"kaipiao-webhook/1"


class WebhookSender:
    """Sends the parcels of channel ``webhook``."""

    def __init__(
        self,
        pools: Pools,
        *,
        key: bytes,
        clock: Clock,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._pools = pools
        self._key = key
        self._clock = clock
        self._timeout_s = timeout_s

    async def send(self, parcel: Parcel) -> Verdict:
        """Raises nothing that an endpoint can cause."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout_s):
                verdict = await self._post(parcel)
        except TimeoutError:
            verdict = _no_answer(f"no answer within {self._timeout_s:g} s")
        except TargetRefused as error:
            verdict = _no_answer(f"refused by us: {error}")
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            verdict = _no_answer(_told(error))
        except (httpcore.TimeoutException, httpcore.UnsupportedProtocol) as error:
            verdict = _no_answer(_told(error))
        took_ms = round((time.monotonic() - began) * 1000)
        return msgspec.structs.replace(verdict, took_ms=took_ms)

    async def _post(self, parcel: Parcel) -> Verdict:
        assert parcel.order is not None
        url = parcel.order.send_to[0]
        timeouts = {
            "connect": CONNECT_WITHIN_S,
            "read": self._timeout_s,
            "write": self._timeout_s,
            "pool": self._timeout_s,
        }
        pool = await self._pools.of_lane(parcel.lane)
        async with pool.stream(
            "POST",
            url,
            headers=self._headers(parcel),
            content=parcel.body,
            extensions={"timeout": timeouts},
        ) as response:
            body = await _first_bytes(response)
        return judge(response.status, dict(response.headers), body)

    def _headers(self, parcel: Parcel) -> list[tuple[bytes, bytes]]:
        assert parcel.order is not None
        now = self._clock.now()
        signature = sign_webhook(
            self._key, parcel.order, webhook_id=parcel.delivery_id, at=now, body=parcel.body
        )
        return [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(parcel.body)).encode()),
            (b"user-agent", AGENT),
            (b"webhook-id", parcel.delivery_id.encode()),
            (b"webhook-timestamp", str(int(now.timestamp())).encode()),
            (b"webhook-signature", signature.encode()),
        ]


def judge(status: int, headers: dict[bytes, bytes], body: bytes) -> Verdict:
    """What an answer means."""
    if 200 <= status < 300:
        return Verdict(outcome="delivered", status=status)
    said = _printable(body)
    if status == GONE:
        return Verdict(outcome="never", status=status, said=f"HTTP 410: {said}", is_gone=True)
    if 300 <= status < 400:
        said = "redirects are not followed: change the webhook's URL"
    return Verdict(
        outcome="again",
        status=status,
        said=f"HTTP {status}: {said}".rstrip(": "),
        retry_after_s=_retry_after_s(headers),
        is_lane_at_fault=status not in MESSAGE_AT_FAULT,
    )


async def _first_bytes(response: httpcore.Response) -> bytes:
    body = b""
    async for piece in response.aiter_stream():
        body += piece
        if len(body) >= ANSWER_BYTES:
            break
    return body[:ANSWER_BYTES]


def _retry_after_s(headers: dict[bytes, bytes]) -> float:
    """Whole seconds; a date is not worth reading."""
    lower = {name.lower(): value for name, value in headers.items()}
    text = lower.get(b"retry-after", b"")
    return float(text) if text.isdigit() and len(text) < 8 else 0.0


def _no_answer(why: str) -> Verdict:
    return Verdict(outcome="again", said=why[:SAID_CHARS], is_lane_at_fault=True)


def _told(error: Exception) -> str:
    return _printable(str(error).encode()) or type(error).__name__


def _printable(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else " " for char in text)[:SAID_CHARS].strip()
