"""The bare path: group commit over HTTP, with nothing of a product around it.

A raw protocol, a typed decode, a look at the totals; then one statement a batch advances this
process's counter, stores the drafts as one compressed blob, and claims every key.  No caller is
identified, no law applied, no credit drawn; no log, no outbox, no receipt worth the name.  What
the whole product keeps of this rate is the price of being one.

    python -m bench.stacks.bare_path PORT PROCESS      BENCH_DSN names the database
"""

import asyncio
import os
import socket
import sys
from hashlib import sha256
from typing import Any

import asyncpg
import httptools
import msgspec
import uvloop
import zstandard
from asyncpg.pgproto.pgproto import UUID

from kaipiao.app.clock import SystemClock
from kaipiao.fiscal.draft import Line, Party
from kaipiao.fiscal.tax import tax_on_net

MAX_BATCH = 1_000
COMMIT = """
WITH fence AS (
    UPDATE bare_counter SET next_serial = $2::bigint + $3::integer
     WHERE process = $1::integer AND next_serial = $2::bigint RETURNING 1
), stored AS (
    INSERT INTO bare_batch (process, first_serial, issued_at, payload)
    SELECT $1::integer, $2::bigint, $4::timestamptz, $5::bytea FROM fence
), claimed AS (
    INSERT INTO bare_invoice (key, process, serial, gross_fen)
    SELECT u.key, $1::integer, $2::bigint + u.place - 1, u.gross_fen
      FROM fence, unnest($6::uuid[], $7::bigint[]) WITH ORDINALITY AS u (key, gross_fen, place)
)
SELECT count(*) FROM fence
"""
HEAD = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
BAD = b"HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 0\r\n\r\n"


class Draft(msgspec.Struct, gc=False):
    kind: str
    seller: Party
    buyer: Party
    lines: list[Line]
    issuer: str
    payee: str = ""
    remark: str = ""


clock = SystemClock()
_decode = msgspec.json.Decoder(Draft).decode
_compress = zstandard.ZstdCompressor(level=1).compress
_pack = msgspec.msgpack.Encoder().encode


class Group:
    """Gathers while one commit is on its way."""

    def __init__(self, connection: Any, statement: Any, process: int, serial: int) -> None:
        self._connection = connection
        self._statement = statement
        self._process = process
        self._serial = serial
        self._waiting: list[tuple[Caller, bytes, bytes, int]] = []
        self._arrived = asyncio.Event()

    def offer(self, caller: "Caller", key: bytes, body: bytes, gross_fen: int) -> None:
        self._waiting.append((caller, key, body, gross_fen))
        self._arrived.set()

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not self._waiting:
                self._arrived.clear()
            first, self._serial = self._serial, self._serial + len(batch)
            done = await self._statement.fetchval(
                self._process,
                first,
                len(batch),
                clock.now(),
                _compress(_pack([body for _, _, body, _ in batch])),
                [UUID(key) for _, key, _, _ in batch],
                [gross_fen for _, _, _, gross_fen in batch],
            )
            assert done == 1
            for serial, (caller, _, _, gross_fen) in enumerate(batch, first):
                caller.answer(b'{"number":"2631%d%015d","gross_fen":%d}' % (
                    self._process, serial, gross_fen
                ))  # fmt: skip


class Caller(asyncio.Protocol):
    """One connection."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._parser = httptools.HttpRequestParser(self)
        self._key = b""
        self._body = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._key = self._body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"idempotency-key":
            self._key = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        try:
            draft = _decode(self._body)
        except ValueError:
            self._transport.write(BAD)
            return
        net_fen = tax_fen = 0
        for line in draft.lines:
            line_fen = line.net_fen or 0
            net_fen += line_fen
            tax_fen += tax_on_net(line_fen, line.rate_bp)
        if not self._key or not draft.lines or net_fen <= 0:
            self._transport.write(BAD)
            return
        key = sha256(draft.seller.taxpayer_id.encode() + b"\0" + self._key).digest()[:16]
        self._group.offer(self, key, self._body, net_fen + tax_fen)

    def answer(self, body: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(HEAD % (len(body), body))


async def serve(port: int, process: int) -> None:
    connection = await asyncpg.connect(
        os.environ["BENCH_DSN"], server_settings={"plan_cache_mode": "force_generic_plan"}
    )
    serial = await connection.fetchval(
        "INSERT INTO bare_counter (process, next_serial) VALUES ($1, 1)"
        " ON CONFLICT (process) DO UPDATE SET process = excluded.process RETURNING next_serial",
        process,
    )
    group = Group(connection, await connection.prepare(COMMIT), process, serial)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    server = await asyncio.get_running_loop().create_server(
        lambda: Caller(group), sock=listener, backlog=2048
    )
    async with server:
        await group.run()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
