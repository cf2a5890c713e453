"""Clocks of the world: one true time, and for each process what its own clock says."""

import asyncio
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """A clock on the wall of one process: the loop's time, and every jump so far.

    ``jump`` is what an operator, a time server or a suspended machine does to it.  Nobody's
    timers feel that: those follow the loop.
    """

    def __init__(self, started_at: datetime) -> None:
        assert started_at.tzinfo is UTC
        self._base = started_at

    def now(self) -> datetime:
        elapsed_us = round(asyncio.get_running_loop().time() * 1_000_000)
        return self._base + timedelta(microseconds=elapsed_us)

    def copy(self) -> "VirtualClock":
        """Another clock that shows the same."""
        return VirtualClock(self._base)

    def jump(self, by: timedelta) -> None:
        """Forward or, if negative, back."""
        self._base += by
