"""A synchronous standby ten milliseconds away: every commit waits so much longer.

How to make a commit slow, honestly?  ``commit_delay`` sleeps while it holds the lock on the
write-ahead log, so two processes wait one after the other: that is a slow disk, and a harsher
one than any.  A proxy in front of the server delays reads too, and lets go of row locks before
the wait.  So this is the real thing in small: a standby (PostgreSQL's streaming replication
protocol) that receives the log, stores nothing, and confirms it after a while.  The primary
holds each commit, and all its locks, until then; confirmations of many commits overlap.

    python -m bench.distant SOCKET ROLE DELAY_MS

It ends with whoever started it.
"""

import asyncio
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from bench import processes
from bench.measure import Failed

NAME = "distant"
CAUGHT_UP_WITHIN_S = 10.0
PROTOCOL = 196_608  # 3.0
LOGIN = "local replication all trust  # the bench's standby, on a scratch cell\n"

_status = struct.Struct(">cQQQQB").pack
_head = struct.Struct(">cI")


class Standby:
    """One replication session on a Unix socket."""

    def __init__(self, path: str, role: str, delay_s: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._buffer = b""
        self._delay_s = delay_s
        self._due: deque[tuple[float, int]] = deque()
        self._confirmed = 0
        self._start(role)

    def _start(self, role: str) -> None:
        words = ["user", role, "replication", "true", "application_name", NAME, "", ""]
        body = struct.pack(">I", PROTOCOL) + "\0".join(words).encode()
        self._socket.sendall(struct.pack(">I", len(body) + 4) + body)
        self._skip_to(b"Z")
        self._query("IDENTIFY_SYSTEM")
        row = self._skip_to(b"D")
        self._skip_to(b"Z")
        position = _third_column(row)
        self._query(f"START_REPLICATION PHYSICAL {position}")
        self._skip_to(b"W")
        high, low = position.split("/")
        self._confirmed = (int(high, 16) << 32) + int(low, 16)
        self._send()  # until it has heard from us the primary waits for nobody

    def _query(self, text: str) -> None:
        body = text.encode() + b"\0"
        self._socket.sendall(_head.pack(b"Q", len(body) + 4) + body)

    def _skip_to(self, kind: bytes) -> bytes:
        while True:
            for one, body in self._messages():
                if one == b"E":
                    raise ConnectionError(body.decode("utf-8", "replace"))
                if one == kind:
                    return body
            self._receive()

    def _receive(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the primary hung up")
        self._buffer += data

    def _messages(self) -> Iterator[tuple[bytes, bytes]]:
        """Whole messages that are here; each is taken off as it is given."""
        while len(self._buffer) >= 5:
            kind, length = _head.unpack_from(self._buffer)
            if len(self._buffer) < 1 + length:
                return
            body, self._buffer = self._buffer[5 : 1 + length], self._buffer[1 + length :]
            yield kind, body

    def run(self) -> None:
        """Confirm everything, late, until the primary or our parent is gone."""
        while os.getppid() != 1:
            wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else 1.0
            if select.select([self._socket], [], [], wait_s)[0]:
                self._receive()
                for kind, body in self._messages():
                    if kind == b"d":
                        self._take(body)
            self._confirm()

    def _take(self, body: bytes) -> None:
        if body[:1] == b"w":  # XLogData: where it begins, the end of the log, a clock, the bytes
            end = int.from_bytes(body[1:9], "big") + len(body) - 25
            self._due.append((time.monotonic() + self._delay_s, end))
        elif body[:1] == b"k" and body[17:18] == b"\1":  # a keepalive that wants an answer
            self._send()

    def _confirm(self) -> None:
        now, before = time.monotonic(), self._confirmed
        while self._due and self._due[0][0] <= now:
            self._confirmed = self._due.popleft()[1]
        if self._confirmed != before:
            self._send()

    def _send(self) -> None:
        body = _status(b"r", self._confirmed, self._confirmed, self._confirmed, 0, 0)
        self._socket.sendall(_head.pack(b"d", len(body) + 4) + body)


def _third_column(row: bytes) -> str:
    """xlogpos of IDENTIFY_SYSTEM's row: a count, then a length and a text for each column."""
    at = 2
    for _ in range(2):
        at += 4 + int.from_bytes(row[at : at + 4], "big")
    length = int.from_bytes(row[at : at + 4], "big")
    return row[at + 4 : at + 4 + length].decode()


@contextmanager
def distant_standby(dsn_root: str, *, delay_ms: float) -> Iterator[None]:
    """While in this block, no commit returns before the standby has confirmed it."""
    sockets, role = asyncio.run(_let_in(dsn_root))
    standby = processes.python(
        *("bench.distant", f"{sockets}/.s.PGSQL.5432", role, str(delay_ms)),
        stdout=subprocess.PIPE,
    )
    with processes.ending(standby):
        assert standby.stdout
        if not standby.stdout.readline():
            raise Failed("the distant standby did not get ready; what it said is above")
        try:
            asyncio.run(_wait_for_it(dsn_root, NAME))
            yield
        finally:
            asyncio.run(_wait_for_it(dsn_root, ""))


async def _let_in(dsn_root: str) -> tuple[str, str]:
    """Let the standby log in; the folder of the socket and the role."""
    connection = await asyncpg.connect(dsn_root)
    try:
        _add_login(Path(await connection.fetchval("SHOW hba_file")))
        await connection.execute("SELECT pg_reload_conf()")
        sockets = await connection.fetchval("SHOW unix_socket_directories")
        return str(sockets), str(await connection.fetchval("SELECT current_user"))
    finally:
        await connection.close()


def _add_login(logins: Path) -> None:
    text = logins.read_text(encoding="utf-8")
    if LOGIN not in text:
        logins.write_text(LOGIN + text, encoding="utf-8")  # the first line that fits decides


async def _wait_for_it(dsn_root: str, name: str) -> None:
    """Make commits wait for ``name`` (or for nobody), and see that they do."""
    connection = await asyncpg.connect(dsn_root)
    try:
        await connection.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'")
        await connection.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + CAUGHT_UP_WITHIN_S
        wanted = "sync" if name else "async"
        question = f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{NAME}'"
        while await connection.fetchval(question) not in (wanted, None if not name else wanted):
            if time.monotonic() > end:
                raise Failed(f"the distant standby did not become {wanted}")
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


if __name__ == "__main__":
    session = Standby(sys.argv[1], sys.argv[2], float(sys.argv[3]) / 1e3)
    print("streaming", flush=True)
    session.run()
