"""Answers when nobody else can: while no worker lives, callers are told to come back.

It shares the listening socket with the workers and listens only while none of them does, so a
caller meets either a worker or a problem document, never a closed door.
"""

import asyncio
import contextlib
import socket

import msgspec

PATIENCE_S = 2.0
"""How long a caller may take to say what it wants; we answer it the same in any case."""

RETRY_AFTER_S = 1


def compose_problem(detail_zh: str, detail_en: str) -> bytes:
    """An HTTP/1.1 answer 503, whole, as the gateway would give it (RFC 9457); then we hang up."""
    body = msgspec.json.encode(
        {
            "type": "/problems/unavailable",
            "title": "Not available just now",
            "status": 503,
            "code": "unavailable",
            "detail": detail_en,
            "zh": detail_zh,
            "en": detail_en,
            "retryable": True,
        }
    )
    head = (
        "HTTP/1.1 503 Service Unavailable\r\n"
        "content-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\n"
        f"retry-after: {RETRY_AFTER_S}\r\n"
        "cache-control: no-store\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + body


NOBODY_HERE = compose_problem(
    "服务正在重新启动, 您的请求没有被处理。请稍后以同一编号重试。",
    "The service is starting again and did not look at this request. "
    "Repeat it in a moment with the same key.",
)


class StandIn:
    """Listens on a copy of ``listener`` while it is on duty."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._server: asyncio.Server | None = None

    async def go_on_duty(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(_answer, sock=self._listener.dup())

    def go_off_duty(self) -> None:
        """Stop listening; whoever is being answered still gets the answer."""
        if self._server is not None:
            self._server.close()
            self._server = None


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(PATIENCE_S):
            # Read some of it first: closing on unread bytes would reset the answer away.
            await reader.read(65_536)
            writer.write(NOBODY_HERE)
            await writer.drain()
            writer.write_eof()
            while await reader.read(65_536):
                pass
    writer.close()
