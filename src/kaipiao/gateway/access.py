"""The access log: one line of JSON a call, written many at a time.

It holds no query, body, header or secret: a path names at most an invoice or a form.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from kaipiao.gateway.visit import Visit

FLUSH_AFTER_S = 0.5
FLUSH_AFTER_LINES = 1_000


class Line(msgspec.Struct):
    method: str
    path: str
    status: int
    ms: float
    caller: str
    request_id: str


_encode = msgspec.json.Encoder().encode


class AccessLog:
    """Gathers lines and hands them to ``write`` a few times a second; None keeps no log."""

    def __init__(self, write: Callable[[bytes], None] | None) -> None:
        self._write = write
        self._lines: list[bytes] = []

    def note(self, visit: Visit) -> None:
        if self._write is None:
            return
        ms = round((time.monotonic() - visit.began) * 1000, 2)
        line = Line(
            visit.method,
            visit.path[:200],
            visit.status,
            ms,
            visit.caller,
            visit.request_id.decode(),
        )
        if not self._lines:
            asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self.flush)
        self._lines.append(_encode(line))
        if len(self._lines) >= FLUSH_AFTER_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand over what is gathered."""
        lines, self._lines = self._lines, []
        if lines and self._write is not None:
            self._write(b"\n".join(lines) + b"\n")
