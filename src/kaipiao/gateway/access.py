"""The access log: one line of JSON a call, written many at a time.

It holds no query, body, header or secret: a path names at most an invoice or a form.
"""

import asyncio
import time
from collections.abc import Callable

import msgspec

from kaipiao.gateway.visit import Visit

DOWNLOAD = "/download/"
FLUSH_AFTER_S = 0.5
FLUSH_AFTER_LINES = 1_000
PATH_MAX = 200


class Line(msgspec.Struct):
    method: str
    path: str
    status: int
    ms: float
    caller: str
    request_id: str


_encode_lines = msgspec.json.Encoder().encode_lines
_Call = tuple[str, str, int, float, str, bytes]


def shown_path(path: str) -> str:
    """A download link is as good as a key, so it is not written down."""
    return f"{DOWNLOAD}…" if path.startswith(DOWNLOAD) else path[:PATH_MAX]


class AccessLog:
    """Gathers lines and hands them to ``write`` a few times a second; None keeps no log."""

    def __init__(self, write: Callable[[bytes], None] | None) -> None:
        self._write = write
        self._calls: list[_Call] = []

    def note(self, visit: Visit) -> None:
        self.note_call(
            visit.method,
            shown_path(visit.path),
            visit.status,
            visit.began,
            visit.caller,
            visit.request_id,
        )

    def note_call(
        self, method: str, path: str, status: int, began: float, caller: str, request_id: bytes
    ) -> None:
        if self._write is None:
            return
        if not self._calls:
            asyncio.get_running_loop().call_later(FLUSH_AFTER_S, self.flush)
        self._calls.append((method, path, status, time.monotonic() - began, caller, request_id))
        if len(self._calls) >= FLUSH_AFTER_LINES:
            self.flush()

    def flush(self) -> None:
        """Hand over what is gathered."""
        calls, self._calls = self._calls, []
        if calls and self._write is not None:
            self._write(
                _encode_lines(
                    [
                        Line(
                            method,
                            path,
                            status,
                            round(seconds * 1000, 2),
                            caller,
                            request_id.decode(),
                        )
                        for method, path, status, seconds, caller, request_id in calls
                    ]
                )
            )
