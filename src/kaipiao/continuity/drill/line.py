"""One connection of a caller: HTTP/1.1 as far as we need it, honest about answers cut short."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

CONNECT_WITHIN_S = 10.0
HEAD_MAX = 1 << 20


class Door(NamedTuple):
    """Where one member listens."""

    host: str
    port: int


class NoDoor(Exception):
    """Nobody listens."""


class Silence(Exception):
    """Connected, and no whole answer in time."""


class Answer(msgspec.Struct):
    """What came.  ``status`` is 0 if not even the headers did; not ``whole``: it was cut off."""

    status: int = 0
    headers: dict[str, str] = {}
    body: bytes = b""
    whole: bool = False


class Line:
    """Asks one request after the other; connects again when it was cut off."""

    def __init__(self, doors: Sequence[Door], token: str) -> None:
        self._doors, self._at, self._token = tuple(doors), 0, token
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(
        self, call: str, body: bytes = b"", *, key: str = "", kind: str = "", within_s: float = 45.0
    ) -> Answer:
        """``call`` is method and path.

        Raises:
            NoDoor, Silence
        """
        lines = [f"{call} HTTP/1.1\r\n".encode(), self._head()]
        if key:
            lines.append(f"idempotency-key: {key}\r\n".encode())
        if body:
            kind = kind or "application/json"
            lines.append(f"content-type: {kind}\r\ncontent-length: {len(body)}\r\n".encode())
        try:
            async with asyncio.timeout(within_s):
                return await self._exchange(b"".join([*lines, b"\r\n", body]))
        except TimeoutError:
            self.hang_up()
            raise Silence(call) from None

    @property
    def _door(self) -> Door:
        return self._doors[self._at % len(self._doors)]

    def _head(self) -> bytes:
        host, port = self._door
        who = f"authorization: Bearer {self._token}\r\n" if self._token else ""
        return f"host: {host}:{port}\r\n{who}".encode()

    def move_on(self) -> None:
        """This door did not serve us: knock at the next one."""
        if len(self._doors) > 1:
            self.hang_up()
            self._at += 1

    async def _exchange(self, request: bytes) -> Answer:
        reader, writer = await self._connected()
        answer = Answer()
        try:
            writer.write(request)
            await writer.drain()
        except OSError:
            pass  # hung up on us; there may be an answer all the same
        try:
            await _read(reader, answer)
        except (OSError, asyncio.IncompleteReadError) as cut:
            answer.body += getattr(cut, "partial", b"")
        if not answer.whole or answer.headers.get("connection") == "close":
            self.hang_up()
        return answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            try:
                self._reader, self._writer = await asyncio.open_connection(
                    *self._door, limit=HEAD_MAX
                )
            except OSError as error:
                raise NoDoor(str(error)) from None
        return self._reader, self._writer

    def hang_up(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is not None:
            with suppress(OSError):
                writer.transport.abort()


async def _read(reader: asyncio.StreamReader, answer: Answer) -> None:
    """Fill ``answer`` as far as it comes."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    answer.headers = {
        name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head[1:])
    }
    answer.status = int(head[0].split(" ", 2)[1])
    if (length := answer.headers.get("content-length")) is not None:
        answer.body = await reader.readexactly(int(length))
    else:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            answer.body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    answer.whole = True


async def ask_once(door: Door, call: str, *, within_s: float) -> Answer:
    """One question on a connection of its own.  Raises NoDoor, Silence."""
    line = Line([door], "")
    try:
        return await line.ask(call, within_s=within_s)
    finally:
        line.hang_up()
