"""What callers have not read of our answers: bounded in time for each, in sum for all.

Answers wait in memory for whoever reads slowly.  One such caller is nothing; thousands who never
read would take all of it.  So a line that stands still is cut after a while, and when all of
them together hold too much, whoever has stood still longest is cut first.  Nothing is lost by
it: who asks again with the same keys is told the same.
"""

import asyncio
from typing import Protocol

from kaipiao.gateway.refusals import Busy


class Reader(Protocol):
    """Somebody for whom we keep bytes."""

    def cut(self) -> None:
        """Let go of the bytes, and of the caller.  Raises nothing."""
        ...


class Unread:
    """The sum for one process."""

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._held: dict[Reader, int] = {}  # whoever made no progress longest stands first
        self.bytes = 0

    def check_room(self, size: int) -> None:
        """Raises Busy: so much more would be too much."""
        if self.bytes + size > self._max:
            raise Busy

    def grow(self, reader: Reader, size: int) -> None:
        """So much more is kept for ``reader``; it may be ``reader`` who is cut for it."""
        self._held[reader] = self._held.get(reader, 0) + size
        self.bytes += size
        while self.bytes > self._max:
            slowest = next(iter(self._held))
            self.forget(slowest)
            slowest.cut()

    def shrink(self, reader: Reader, size: int) -> None:
        """``reader`` has read so much: it goes to the end of the line."""
        left = self.forget(reader) - size
        if left > 0:
            self._held[reader] = left
            self.bytes += left

    def forget(self, reader: Reader) -> int:
        """Nothing is kept for ``reader`` any more; how much it was."""
        size = self._held.pop(reader, 0)
        self.bytes -= size
        return size


class StallWatch:
    """Watches one connection while its kernel takes no more of what we write."""

    def __init__(self, transport: asyncio.Transport, unread: Unread, *, timeout_s: float) -> None:
        self._transport = transport
        self._unread = unread
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        size = self._transport.get_write_buffer_size()
        self._look_again(size)
        self._unread.grow(self, size)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._unread.forget(self)

    def cut(self) -> None:
        self.end()
        self._transport.abort()

    def _look_again(self, size: int) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timeout_s, self._look, size)

    def _look(self, before: int) -> None:
        """Nothing at all was read since: cut.  However slowly, it was read: go on."""
        size = self._transport.get_write_buffer_size()
        if size >= before:
            self.cut()
            return
        self._unread.shrink(self, before - size)
        self._look_again(size)
