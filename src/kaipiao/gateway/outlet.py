"""The results of a batch on their way out, beside the reading and not in its way."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from kaipiao.gateway.reading import CallerGone
from kaipiao.gateway.visit import NO_STORE, Header, Send, Visit


class Outlet:
    """Sends an answer piece by piece; keeps at most ``max_unsent_bytes`` for a slow reader."""

    def __init__(
        self,
        send: Send,
        visit: Visit,
        *,
        media_type: bytes,
        max_unsent_bytes: int,
        patience_s: float,
    ) -> None:
        self._send = send
        self._visit = visit
        self._media_type: Header = (b"content-type", media_type)
        self._max = max_unsent_bytes
        self._patience_s = patience_s
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._unsent = 0
        self._drained = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None

    @property
    def has_begun(self) -> bool:
        return self._sending is not None

    async def put(self, piece: bytes) -> None:
        """Send ``piece`` soon; waits only for a reader who is far behind.

        Raises:
            CallerGone: the reader stands still.
        """
        self._begin()
        self._unsent += len(piece)
        self._queue.put_nowait(piece)
        if self._unsent > self._max:
            self._drained.clear()
            await self._wait_for(self._drained.wait())

    async def close(self) -> None:
        """Send what is left, and the end.  Raises CallerGone as ``put``."""
        task = self._begin()
        self._queue.put_nowait(None)
        await self._wait_for(task)

    async def abandon(self) -> None:
        """Stop in the middle, so that the caller sees that the answer was cut off."""
        if self._sending is not None and not self._sending.done():
            self._sending.cancel()
            with suppress(asyncio.CancelledError):
                await self._sending

    def _begin(self) -> "asyncio.Task[None]":
        if self._sending is None:
            self._sending = asyncio.create_task(self._run())
        return self._sending

    async def _wait_for(self, work: Awaitable[object]) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await work
        except TimeoutError:
            raise CallerGone from None

    async def _run(self) -> None:
        visit = self._visit
        visit.status = 200  # from here on nothing else can be answered
        headers = [
            self._media_type,
            NO_STORE,
            (b"x-request-id", visit.request_id),
            *visit.rate_headers,
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        while (piece := await self._queue.get()) is not None:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            self._unsent -= len(piece)
            if self._unsent <= self._max:
                self._drained.set()
        await self._send({"type": "http.response.body", "body": b""})
