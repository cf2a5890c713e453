"""Faults around a real cell under load: a frozen database, a slow disk, callers who never read,
five thousand connections.  Every answer is one that may be given, and nothing is lost.

Every test ends with the reckoning of the drills: what all callers heard against what the cell
has.  How fast it was is no promise here, for others may use the machine; see ``./run bench``.
"""

import asyncio
import os
import resource
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from bench import processes
from drills.cell import Cell, open_cell
from drills.drill import PATIENCE_S, Drill, open_drill
from kaipiao.continuity.drill.line import Door, Line
from kaipiao.continuity.drill.sales import Sale

MB = 1 << 20
IDLE = 5_000
AT_ONCE = 100
FILES_BESIDE = 500
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest_asyncio.fixture
async def drill(scratch: Path) -> AsyncIterator[Drill]:
    async with open_cell(scratch / "cell") as cell, open_drill(cell, seed=1) as drill:
        yield drill


async def nothing_is_lost(drill: Drill) -> None:
    _, findings = await drill.reckon()
    assert findings == []


async def latencies_ms(drill: Drill, name: str, count: int) -> list[float]:
    """One caller more, who asks one after the other; sorted."""
    loop, took = asyncio.get_running_loop(), []
    line = Line([Door("127.0.0.1", drill.cell.port)], drill.cell.bench().first_key)
    for n in range(count):
        sale = drill.callers.desk.sale(drill.callers.desk.rich[n % 24], f"{name}-{n}")
        began = loop.time()
        answer = await line.ask(sale.call, sale.body, key=sale.key)
        took.append((loop.time() - began) * 1_000)
        assert drill.callers.heard.answer(sale, answer), answer
    line.hang_up()
    return sorted(took)


def worker_mb(cell: Cell) -> float:
    seen = [processes.look(pid) for pid in cell.workers()]
    return max(one.resident_bytes for one in seen if one) / MB


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


async def test_a_frozen_database_makes_answers_slow_and_nothing_else(drill: Drill) -> None:
    drill.callers.start(tills=10, batchers=1)
    await drill.until("yes", 200)
    with stopped([*drill.cell.postmasters(), *drill.cell.backends()]):
        before = await quiet(drill)
        await asyncio.sleep(1.0)
        assert drill.callers.heard.counts["yes"] == before, "a yes without a database"
    await drill.until("yes", 200)

    await nothing_is_lost(drill)


async def quiet(drill: Drill) -> int:
    """How many had been told yes when what was on its way had arrived."""
    counts, before = drill.callers.heard.counts, -1
    async with asyncio.timeout(PATIENCE_S):
        while before != counts["yes"]:
            before = counts["yes"]
            await asyncio.sleep(0.5)
    return before


async def test_a_slow_disk_makes_answers_slow_and_nothing_else(drill: Drill) -> None:
    """``commit_delay`` sleeps while it holds the lock of the write-ahead log: a slow disk."""
    root = await asyncpg.connect(drill.cell.bench().dsn_root)
    for setting in ("commit_delay = 60000", "commit_siblings = 0"):
        await root.execute(f"ALTER SYSTEM SET {setting}")
    await root.execute("SELECT pg_reload_conf()")
    await asyncio.sleep(0.3)
    drill.callers.start(tills=10, batchers=1)
    slow = await latencies_ms(drill, "slow", 20)
    await root.close()

    assert slow[0] > 55, "the disk was not slow"
    assert drill.callers.heard.counts["503 unavailable"] == 0
    await nothing_is_lost(drill)


async def test_who_never_reads_costs_little_memory_and_nobody_else(drill: Drill) -> None:
    """Batches whose results stay unread, and calls in a row whose answers do."""
    token, port = drill.cell.bench().first_key, drill.cell.port
    desk, loop, before_mb = drill.callers.desk, asyncio.get_running_loop(), worker_mb(drill.cell)
    drill.callers.start(tills=6, batchers=0)
    sales = [desk.sale(desk.rich[n % 24], f"unread-{n}") for n in range(4 * 1_000)]
    silent = []
    for place in range(4):
        mine = sales[place::4]
        lines = b"".join(b'{"key":"%b","draft":%b}\n' % (s.key.encode(), s.body) for s in mine)
        head = (
            f"POST /v1/invoices:batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
            f"content-type: application/x-ndjson\r\ncontent-length: {len(lines)}\r\n\r\n"
        )
        silent.append((dumb_socket(port), head.encode() + lines))
    ask = f"GET /v1/keys HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n".encode()
    silent += [(dumb_socket(port), ask * 30_000) for _ in range(3)]
    sending = [
        loop.create_task(loop.sock_sendall(connection, content)) for connection, content in silent
    ]
    await asyncio.sleep(0.5)
    await latencies_ms(drill, "served", 50)
    await asyncio.sleep(1.0)
    grown_mb = worker_mb(drill.cell) - before_mb
    for task, (connection, _) in zip(sending, silent, strict=True):
        task.cancel()
        connection.close()
    await asyncio.gather(*sending, return_exceptions=True)

    assert grown_mb < 100
    await ask_again(drill, sales)
    await nothing_is_lost(drill)


def dumb_socket(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024)
    connection.connect(("127.0.0.1", port))
    connection.setblocking(False)
    return connection


async def ask_again(drill: Drill, sales: list[Sale]) -> None:
    """Whoever did not read asks with the same keys, and now listens."""
    line, left = Line([Door("127.0.0.1", drill.cell.port)], drill.cell.bench().first_key), sales
    while left:
        lines = [b'{"key":"%b","draft":%b}\n' % (s.key.encode(), s.body) for s in left]
        answer = await line.ask(
            "POST /v1/invoices:batch", b"".join(lines), kind="application/x-ndjson"
        )
        left = drill.callers.heard.batch(left, answer)
    line.hang_up()


async def test_five_thousand_connections_are_held_and_some_are_used(drill: Drill) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < IDLE + FILES_BESIDE:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (IDLE + FILES_BESIDE, hard))
    idle: list[Connection] = []
    for _ in range(0, IDLE, AT_ONCE):
        idle += await asyncio.gather(*(idle_connection(drill.cell.port) for _ in range(AT_ONCE)))
    drill.callers.start(tills=8, batchers=0)
    await latencies_ms(drill, "active", 300)
    idle_mb = worker_mb(drill.cell)
    ping = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
    for _, writer in idle[::50]:
        writer.write(ping)
    for reader, _ in idle[::50]:
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
    for _, writer in idle:
        writer.transport.abort()

    assert idle_mb < 200
    await nothing_is_lost(drill)


async def idle_connection(port: int) -> Connection:
    """Heard once, so that it is kept as a connection between two calls."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    await reader.readuntil(b"ok\n")
    return reader, writer
