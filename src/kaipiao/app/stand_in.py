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

PAUSE_S = 1.0
"""Before we listen again after the system would not let anybody in."""


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
    """Listens on a copy of ``listener`` while it is on duty.

    Not asyncio's server: whoever it has let in and not yet attended to when it is closed is
    neither answered nor hung up on, and waits for ever.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._door: socket.socket | None = None
        self._answering: set[asyncio.Task[None]] = set()

    async def go_on_duty(self) -> None:
        if self._door is None:
            self._door = self._listener.dup()
            self._door.setblocking(False)
            self._attend()

    def go_off_duty(self) -> None:
        """Stop listening; whoever was let in still gets the answer."""
        if self._door is not None:
            asyncio.get_running_loop().remove_reader(self._door)
            self._door.close()
            self._door = None

    def _attend(self) -> None:
        if self._door is not None:
            asyncio.get_running_loop().add_reader(self._door, self._let_in, self._door)

    def _let_in(self, door: socket.socket) -> None:
        try:
            caller, _ = door.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # a worker was faster, or the caller went away
        except OSError:  # no files left, say: asking again at once would change nothing
            loop = asyncio.get_running_loop()
            loop.remove_reader(door)
            loop.call_later(PAUSE_S, self._attend)
            return
        caller.setblocking(False)
        answering = asyncio.ensure_future(_answer(caller))
        self._answering.add(answering)  # the event loop alone would let go of it
        answering.add_done_callback(self._answering.discard)


async def _answer(caller: socket.socket) -> None:
    try:
        reader, writer = await asyncio.open_connection(sock=caller)
    except OSError:
        caller.close()
        return
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
