"""Real sockets: a gateway served by uvicorn in the test's own loop, and raw bytes to it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from kaipiao.gateway.front import Front
from kaipiao.gateway.protocol import PatientProtocol

ANSWER_WITHIN_S = 20.0


@asynccontextmanager
async def served(
    front: Front, protocol: type[PatientProtocol], *, keep_alive_s: int = 5
) -> AsyncIterator[int]:
    """Serve on loopback; the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        front,
        http=protocol,
        lifespan="off",
        log_level="critical",
        server_header=False,
        timeout_keep_alive=keep_alive_s,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))  # serve() would take the signals
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await serving


class Wire:
    """One connection, read answer by answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Each piece in a write of its own."""
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0.001)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the next answer."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status_line, *lines = head.rstrip("\r\n").split("\r\n")
            headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
            body = await self._reader.readexactly(int(headers.get("content-length", "0")))
        return int(status_line.split(" ")[1]), headers, body

    async def is_closed(self) -> bool:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            return await self._reader.read(1) == b""


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def compose_request(
    body: bytes,
    *,
    token: str,
    key: str = "",
    method: str = "POST",
    path: str = "/v1/invoices",
    **headers: str,
) -> bytes:
    """A request as most clients write it; a header given as empty text is left out."""
    lines = {
        "host": "cell",
        "authorization": f"Bearer {token}" if token else "",
        "content-type": "application/json",
        "idempotency-key": key,
        "content-length": str(len(body)),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
