"""A worker runs out of memory: nobody hears of a defect, the worker goes, another takes its place.

Three ways: the system gives no more, the worker's own bound is reached, the kernel kills it.
"""

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from bench import processes
from drills.cell import Cell, open_cell
from drills.drill import PATIENCE_S, Drill, open_drill
from kaipiao.continuity.drill.line import Door, Line, NoDoor, Silence

MIB = 1 << 20
HOARDERS = 40
HOARD_BYTES, WHOLE_BYTES = 15 * MIB, 16 * MIB
CHOSEN = {
    "worker_memory_mib": 256,
    "max_body_bytes": WHOLE_BYTES,
    "max_arriving_bytes": 1_024 * MIB,
}
"""By the operator, in ``config.json``: little memory, and too much room for bodies."""


@pytest_asyncio.fixture
async def drill(scratch: Path) -> AsyncIterator[Drill]:
    folder = scratch / "cell"
    folder.mkdir(mode=0o711)
    (folder / "config.json").write_bytes(msgspec.json.encode(CHOSEN))
    async with open_cell(folder) as cell, open_drill(cell, seed=1) as drill:
        yield drill


async def until_gone(drill: Drill, *pids: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while set(pids) & set(drill.cell.workers()):
            await asyncio.sleep(0.05)


async def look_up(drill: Drill, statuses: set[int]) -> None:
    """Ask for pages, until cancelled; a line that is cut is asked again."""
    line = Line([Door("127.0.0.1", drill.cell.port)], drill.cell.bench().first_key)
    while True:
        with suppress(NoDoor, Silence):
            seller = drill.callers.desk.rich[0]
            answer = await line.ask(f"GET /v1/invoices?seller={seller}&limit=200")
            statuses.add(answer.status if answer.whole else 200)
        await asyncio.sleep(0.01)


async def nothing_is_lost(drill: Drill) -> None:
    await drill.until("yes", 300)
    _, findings = await drill.reckon()
    assert findings == []


async def test_a_worker_that_gets_no_more_memory_makes_room_for_another(drill: Drill) -> None:
    """Mostly in order; a library that does not look at what malloc gave it dies at once."""
    victim = drill.cell.workers()[0]
    size = int(Path(f"/proc/{victim}/statm").read_text().split()[5]) * processes.PAGE_BYTES
    drill.callers.start(tills=10, batchers=3)
    statuses: set[int] = set()
    looking = asyncio.create_task(look_up(drill, statuses))
    await drill.until("yes", 200)
    resource.prlimit(victim, resource.RLIMIT_DATA, (size + MIB, resource.RLIM_INFINITY))
    await until_gone(drill, victim)
    looking.cancel()

    assert statuses <= {200, 503}
    await nothing_is_lost(drill)


def journal(cell: Cell, process: str) -> str:
    return (cell.folder / f"logs/{process}.log").read_text(encoding="utf-8")


@contextmanager
def hoarders(port: int, token: str) -> Iterator[None]:
    """Callers who send most of a large body, and then nothing more."""
    head = (
        f"POST /v1/invoices HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
        "idempotency-key: hoard\r\ncontent-type: application/json\r\n"
        f"content-length: {WHOLE_BYTES}\r\n\r\n"
    ).encode()
    callers = []
    try:
        for _ in range(HOARDERS):
            callers.append(socket.create_connection(("127.0.0.1", port), timeout=5))
            with suppress(OSError):  # cut while it sends: that is what we came for
                callers[-1].sendall(head + b" " * HOARD_BYTES)
        yield
    finally:
        for caller in callers:
            caller.close()


async def hoard(drill: Drill, *victims: int) -> None:
    """Until one of the victims is gone."""
    token = drill.cell.bench().first_key

    def fill() -> None:
        with hoarders(drill.cell.port, token):
            pass

    async with asyncio.timeout(PATIENCE_S):
        while set(victims) <= set(drill.cell.workers()):
            await asyncio.to_thread(fill)


async def test_a_worker_that_reaches_its_bound_ends_in_order(drill: Drill) -> None:
    drill.callers.start(tills=8, batchers=1)
    await drill.until("yes", 100)
    await hoard(drill, *drill.cell.workers())

    await nothing_is_lost(drill)
    assert any("this process ends" in journal(drill.cell, f"serve-{n}") for n in range(2))


@contextmanager
def small_cgroup(limit_bytes: int, pid: int) -> Iterator[None]:
    """What ``pid`` takes from now on is bounded, and the kernel kills it for more."""
    for root, limit in (("memory", "memory.limit_in_bytes"), ("", "memory.max")):
        group = Path("/sys/fs/cgroup") / root / f"kaipiao-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if (group / limit).exists():
                (group / limit).write_text(str(limit_bytes))
                (group / "cgroup.procs").write_text(str(pid))
                yield
                return
        except PermissionError:
            continue
        finally:
            remove(group)
    pytest.skip("no control group for memory may be made here")


def remove(group: Path) -> None:
    for _ in range(100):
        with suppress(OSError):
            group.rmdir()
            return


async def test_a_worker_that_the_kernel_kills_for_memory_is_spoken_for(drill: Drill) -> None:
    victim = drill.cell.workers()[0]
    drill.callers.start(tills=8, batchers=1)
    await drill.until("yes", 100)
    with small_cgroup(16 * MIB, victim):
        await hoard(drill, victim)

    await nothing_is_lost(drill)
    assert "was killed by SIGKILL" in journal(drill.cell, "up")
