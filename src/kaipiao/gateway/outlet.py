"""The results of a batch on their way out, beside the reading and not in its way."""

import asyncio
from contextlib import suppress

from kaipiao.gateway.reading import CallerGone
from kaipiao.gateway.unread import Unread
from kaipiao.gateway.visit import NO_STORE, Header, Send, Visit


class Outlet:
    """Sends an answer piece by piece; keeps at most ``max_unsent_bytes`` for a slow reader."""

    def __init__(
        self,
        send: Send,
        visit: Visit,
        unread: Unread,
        *,
        media_type: bytes,
        max_unsent_bytes: int,
        patience_s: float,
    ) -> None:
        self._send = send
        self._visit = visit
        self._unread = unread
        self._media_type: Header = (b"content-type", media_type)
        self._max = max_unsent_bytes
        self._patience_s = patience_s
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._unsent = 0
        self._moved = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._is_cut = False

    @property
    def has_begun(self) -> bool:
        return self._sending is not None

    async def put(self, piece: bytes) -> None:
        """Send ``piece`` soon; waits only for a reader who is far behind.

        Raises:
            CallerGone: the reader stands still, or was cut to make room for others.
        """
        if not self._is_cut:
            self._begin()
            self._unsent += len(piece)
            self._queue.put_nowait(piece)
            self._unread.grow(self, len(piece))
        if self._unsent > self._max:
            await self._wait_for_room()
        if self._is_cut:
            raise CallerGone

    async def close(self) -> None:
        """Send what is left, and the end.  Raises CallerGone as ``put``."""
        task = self._begin()
        self._queue.put_nowait(None)
        await asyncio.wait((task,), timeout=self._patience_s)
        if not task.done() or task.cancelled():
            raise CallerGone
        task.result()

    async def abandon(self) -> None:
        """Stop in the middle, so that the caller sees that the answer was cut off."""
        self.cut()
        if self._sending is not None and not self._sending.done():
            with suppress(asyncio.CancelledError):
                await self._sending

    def cut(self) -> None:
        """Let go of all that is unsent."""
        self._is_cut = True
        self._unread.forget(self)
        self._queue, self._unsent = asyncio.Queue(), 0
        self._moved.set()
        if self._sending is not None:
            self._sending.cancel()

    def _begin(self) -> "asyncio.Task[None]":
        if self._sending is None:
            self._sending = asyncio.create_task(self._run())
        return self._sending

    async def _wait_for_room(self) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                while self._unsent > self._max:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise CallerGone from None

    async def _run(self) -> None:
        visit, queue = self._visit, self._queue
        visit.status = 200  # from here on nothing else can be answered
        headers = [
            self._media_type,
            NO_STORE,
            (b"x-request-id", visit.request_id),
            *visit.rate_headers,
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        while (piece := await queue.get()) is not None:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            self._note_sent(len(piece))
        await self._send({"type": "http.response.body", "body": b""})

    def _note_sent(self, size: int) -> None:
        self._unsent -= size
        self._unread.shrink(self, size)
        self._moved.set()
