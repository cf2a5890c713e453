"""A public log somewhere else (C2SP tlog-tiles): its files by name, from one address.

Any log of that format will do, ours or not.  What comes back proves nothing by itself.
"""

import time
from types import TracebackType

from kaipiao.client.members import ALONE
from kaipiao.client.talk import BUSY, retry_after_s

ANSWER_WITHIN_S = 20.0
TRIES = 3
PAUSE_S = 0.5
"""Doubles from try to try; a server that says when to come back is heard, up to ``PAUSE_MAX_S``."""
PAUSE_MAX_S = 10.0
LANES_MAX = 16
FILE_BYTES_MAX = 256 * (2 + 65_535)
"""A bundle of 256 entries, each as long as the format allows."""
_ABSENT = frozenset({403, 404, 410})


class LogUnreadable(OSError):
    """The log did not answer, or with what no log says.  That is no finding about the log."""


class PublicLog:
    """Thread-safe.  ``url`` is the log's address or, for one of our cells, the cell's."""

    def __init__(self, url: str, *, lanes: int = 1) -> None:
        import httpx

        self.url = url.rstrip("/")
        self._http = httpx.Client(
            headers={"user-agent": "kaipiao-log-reader/1"},
            timeout=httpx.Timeout(ANSWER_WITHIN_S, connect=ALONE.connect_s),
            limits=httpx.Limits(max_connections=lanes, max_keepalive_connections=lanes),
            trust_env=False,
        )

    def __enter__(self) -> "PublicLog":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._http.close()

    def checkpoint(self) -> bytes:
        """The newest checkpoint, unjudged; a cell's address is turned into that of its log.

        Raises:
            FileNotFoundError: there is no log at this address.
            LogUnreadable: there was no answer.
        """
        try:
            return self.read("checkpoint")
        except FileNotFoundError:
            content = self.read("log/checkpoint")
        self.url += "/log"
        return content

    def read(self, name: str) -> bytes:
        """Raises:
        FileNotFoundError: there is no such file.
        LogUnreadable: no answer after ``TRIES``, or one that is larger than any file of a log.
        """
        import httpx

        for tried in range(1, TRIES + 1):
            try:
                return self._fetch(name)
            except httpx.TransportError as error:
                why, pause_s = str(error) or type(error).__name__, None
            except _Busy as busy:
                why, pause_s = f"HTTP {busy.status}", busy.retry_after_s
            if tried < TRIES:
                time.sleep(min(pause_s or PAUSE_S * 2 ** (tried - 1), PAUSE_MAX_S))
        raise LogUnreadable(f"{self.url}/{name}: {why}")

    def _fetch(self, name: str) -> bytes:
        import httpx

        where = f"{self.url}/{name}"
        try:
            with self._http.stream("GET", where) as answer:
                if answer.status_code in _ABSENT:
                    raise FileNotFoundError(name)
                if answer.status_code in BUSY:
                    raise _Busy(answer.status_code, retry_after_s(answer))
                if answer.status_code != 200:
                    raise LogUnreadable(f"{where}: HTTP {answer.status_code}")
                content = bytearray()
                for piece in answer.iter_bytes():
                    content += piece
                    if len(content) > FILE_BYTES_MAX:
                        raise LogUnreadable(f"{where}: larger than any file of a log")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
            raise LogUnreadable(f"{where}: {error}") from error
        return bytes(content)


class _Busy(Exception):
    def __init__(self, status: int, retry_after_s: float | None) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
