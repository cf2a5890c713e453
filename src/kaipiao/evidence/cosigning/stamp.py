"""Every so often the witnessed checkpoint is shown to a time-stamping authority (RFC 3161)."""

import asyncio
from urllib.parse import urlsplit

import httpx

from kaipiao.evidence.checkpoint import STAMPED_NAME, WITNESSED_NAME
from kaipiao.evidence.cosigning.desk import Http, read_bounded
from kaipiao.evidence.disk import Disk, in_thread, write_durably
from kaipiao.evidence.note import is_key_name, parse_note
from kaipiao.evidence.timestamp import TOKEN_BYTES_MAX, Authority, stamp_line
from kaipiao.ports import Clock

TIMEOUT_S = 10.0
RETRY_S = 30
"""An authority that failed is left alone for this long."""
_QUERY = {"content-type": "application/timestamp-query"}


class NotStamped(Exception):
    """The authority gave no good token.  What was stamped before stays."""


class Stamping:
    """Keeps ``checkpoint.timestamped``.  Only one of these may run in a folder."""

    def __init__(
        self,
        *,
        disk: Disk,
        authority: Authority,
        url: str,
        every_s: int,
        http: Http,
        clock: Clock,
    ) -> None:
        self._disk = disk
        self._authority = authority
        self._url = url
        self._every_s = every_s
        self._http = http
        self._clock = clock
        self._next_at = 0.0

    async def round(self) -> bool:
        """Whether a newer checkpoint is stamped now.

        Raises:
            NotStamped: see there; it is tried again after ``RETRY_S``.
            OSError: the folder could not be read or written.
        """
        witnessed = self._text(WITNESSED_NAME)
        now = self._clock.now().timestamp()
        if witnessed is None or now < self._next_at:
            return False
        stamped = self._text(STAMPED_NAME)
        if stamped and parse_note(stamped).text == parse_note(witnessed).text:
            return False
        self._next_at = now + RETRY_S
        line = await self._ask(witnessed)
        await in_thread(write_durably, self._disk, {STAMPED_NAME: f"{witnessed}{line}".encode()})
        self._next_at = now + self._every_s
        return True

    def _text(self, name: str) -> str | None:
        try:
            return self._disk.read(name).decode()
        except FileNotFoundError:
            return None

    async def _ask(self, note: str) -> str:
        """The line with the token, which was verified as a buyer would."""
        from rfc3161_client import TimestampRequestBuilder

        message = note.encode()
        query = TimestampRequestBuilder().data(message).build()  # with a nonce, and certificates
        try:
            token = await self._post(query.as_bytes())
            await asyncio.to_thread(self._authority.time_of, token, message, nonce=query.nonce)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise NotStamped(str(error) or type(error).__name__) from error
        return stamp_line(name_of(self._url), token)

    async def _post(self, query: bytes) -> bytes:
        async with (
            asyncio.timeout(TIMEOUT_S),
            self._http.stream("POST", self._url, content=query, headers=_QUERY) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise NotStamped(f"the authority answered {answer.status_code}")
            return await read_bounded(answer, TOKEN_BYTES_MAX)


def name_of(url: str) -> str:
    """What the line calls the authority: its host."""
    host = urlsplit(url).hostname or ""
    return host if is_key_name(host) else "tsa"
