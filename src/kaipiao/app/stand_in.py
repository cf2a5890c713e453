"""Answers when nobody else can: while no worker lives, callers are told to come back.

It shares the listening socket with the workers and listens only while none of them does, so a
caller meets either a worker or a problem document, never a closed door.
"""

import asyncio
import contextlib
import socket

import msgspec

from kaipiao.errors import Outage
from kaipiao.gateway.problems import compose_problem

PATIENCE_S = 2.0
"""How long a caller may take to say what it wants; we answer it the same in any case."""


def compose_answer() -> bytes:
    """The gateway's own words for "ask again, the outcome is unknown", as a whole HTTP answer."""
    problem, headers = compose_problem(
        Outage("serve"), language="en", request_id="-", max_violations=0
    )
    body = msgspec.json.encode(problem)
    lines = [
        b"HTTP/1.1 503 Service Unavailable",
        *(b"%b: %b" % header for header in headers),
        b"content-length: %d" % len(body),
        b"cache-control: no-store",
        b"connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


ANSWER = compose_answer()


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
            writer.write(ANSWER)
            await writer.drain()
            writer.write_eof()
            while await reader.read(65_536):
                pass
    writer.close()
