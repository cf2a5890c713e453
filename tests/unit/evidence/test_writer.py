"""The log process: it publishes what is committed, soon, and stops cleanly or loudly."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from textwrap import dedent

import pytest

from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.disk import FolderBusy, LocalDisk
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.recovery import STEP_LEAVES, LogRewound
from kaipiao.evidence.run import run_log
from kaipiao.evidence.writer import MAX_CHECKPOINT_AGE_S, LogWriter
from tests.unit.evidence.fakes import (
    NOW,
    MemoryOrder,
    StoppedClock,
    make_leaves,
    make_signer,
    new_heads,
)
from tests.unit.evidence.rfc6962 import slow_root

LEAVES = make_leaves(3000)


def writer_of(order: MemoryOrder, folder: Path) -> LogWriter:
    return LogWriter(
        order=order,
        heads=order.heads,
        disk=LocalDisk(folder),
        signer=make_signer(),
        clock=StoppedClock(),
    )


@asynccontextmanager
async def running(writer: LogWriter) -> AsyncIterator["asyncio.Task[None]"]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_log(writer, stop=stop))
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait([task])


async def published(writer: LogWriter, size: int, *, within_s: float) -> None:
    async with asyncio.timeout(within_s):
        while writer.progress is None or writer.progress.checkpoint.size < size:
            await asyncio.sleep(0.01)


async def test_what_is_committed_is_published_within_a_second(tmp_path: Path) -> None:
    order = MemoryOrder(LEAVES[:10])
    writer = writer_of(order, tmp_path)
    async with running(writer):
        await published(writer, 10, within_s=MAX_CHECKPOINT_AGE_S)
        order.commit(LEAVES[10:2000])
        await published(writer, 2000, within_s=MAX_CHECKPOINT_AGE_S)

    log = PublishedLog(tmp_path)
    assert log.checkpoint().root == slow_root(LEAVES[:2000])
    assert log.tiles.root(10) == slow_root(LEAVES[:10])


async def test_a_backlog_is_worked_off_in_bounded_steps(tmp_path: Path) -> None:
    leaves = make_leaves(2 * STEP_LEAVES + 1)
    order = MemoryOrder()
    with writer_of(order, tmp_path) as writer:
        await writer.advance()
        order.commit(leaves)
        steps = [await writer.advance() for _ in range(4)]

    assert steps == [STEP_LEAVES, STEP_LEAVES, 1, 0]


async def test_progress_tells_where_the_log_stands(tmp_path: Path) -> None:
    with writer_of(MemoryOrder(LEAVES[:7]), tmp_path) as writer:
        await writer.advance()

    assert writer.progress is not None
    assert writer.progress.published_at == NOW
    assert writer.progress.checkpoint == Checkpoint(
        "kaipiao.example/31-1", 7, slow_root(LEAVES[:7])
    )


async def test_an_outage_of_the_ledger_is_waited_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order = MemoryOrder(LEAVES[:10])
    order.is_down = True
    writer = writer_of(order, tmp_path)
    async with running(writer):
        await asyncio.sleep(0.15)
        assert writer.progress is None
        order.is_down = False
        await published(writer, 10, within_s=2)

    assert "evidence waits" in caplog.text


async def test_a_full_disk_is_waited_out(tmp_path: Path) -> None:
    class FullDisk(LocalDisk):
        is_full = True

        def rename(self, old: str, new: str) -> None:
            if self.is_full:
                raise OSError(28, "No space left on device")
            super().rename(old, new)

    disk = FullDisk(tmp_path)
    writer = LogWriter(
        order=MemoryOrder(LEAVES[:300]),
        heads=new_heads(),
        disk=disk,
        signer=make_signer(),
        clock=StoppedClock(),
    )
    async with running(writer):
        await asyncio.sleep(0.15)
        assert not (tmp_path / "checkpoint").exists()
        disk.is_full = False
        await published(writer, 300, within_s=2)

    assert PublishedLog(tmp_path).tiles.root(300) == slow_root(LEAVES[:300])


async def test_a_broken_log_ends_the_loop_loudly(tmp_path: Path) -> None:
    order = MemoryOrder(LEAVES[:10])
    writer = writer_of(order, tmp_path)
    async with running(writer) as task:
        await published(writer, 10, within_s=2)
        order.committed = LEAVES[:9]
        await asyncio.wait([task], timeout=2)

    with pytest.raises(LogRewound):
        task.result()


async def test_two_writers_never_write_one_folder(tmp_path: Path) -> None:
    first, second = writer_of(MemoryOrder(), tmp_path), writer_of(MemoryOrder(), tmp_path)
    async with running(first):
        await published(first, 0, within_s=2)
        with pytest.raises(FolderBusy):
            await run_log(second, stop=asyncio.Event())

    with second:
        await second.advance()


async def test_a_cancelled_writer_leaves_no_hand_behind_in_the_folder(tmp_path: Path) -> None:
    """The lock must not be given up while a thread of ours still writes."""
    acts: list[str] = []
    writing = threading.Event()

    class SlowDisk(LocalDisk):
        def sync(self, names: Sequence[str]) -> None:
            writing.set()
            time.sleep(0.05)
            acts.append("written")

        def unlock(self) -> None:
            acts.append("unlocked")
            super().unlock()

    disk = SlowDisk(tmp_path)
    order = MemoryOrder(LEAVES)
    writer = LogWriter(
        order=order, heads=order.heads, disk=disk, signer=make_signer(), clock=StoppedClock()
    )
    task = asyncio.create_task(run_log(writer, stop=asyncio.Event()))
    await asyncio.to_thread(writing.wait)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0.3)

    assert task.cancelled()
    assert acts.index("unlocked") == len(acts) - 1


async def test_partial_tiles_are_cleared_away_and_still_served(tmp_path: Path) -> None:
    order = MemoryOrder(LEAVES[:100])
    with writer_of(order, tmp_path) as writer:
        await writer.advance()
        order.commit(LEAVES[100:700])
        await writer.advance()

    assert not (tmp_path / "tile/0/000.p").exists()
    assert not (tmp_path / "tile/entries/000.p").exists()
    served = PublishedLog(tmp_path).file("tile/0/000.p/100")
    assert served is not None
    assert len(served.content) == 3200


WRITER_TO_BE_KILLED = dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from kaipiao.evidence.disk import LocalDisk
    from kaipiao.evidence.writer import LogWriter
    from tests.unit.evidence.fakes import MemoryOrder, StoppedClock, make_leaves, make_signer

    async def main():
        leaves, order = make_leaves(3000), MemoryOrder()
        disk = LocalDisk(Path(sys.argv[1]))
        with LogWriter(
            order=order, heads=order.heads, disk=disk, signer=make_signer(), clock=StoppedClock()
        ) as log:
            order.commit(leaves[:int(sys.argv[2])])
            while True:
                await log.advance()
                print(len(order.committed), flush=True)
                order.commit(leaves[len(order.committed):][:7])

    asyncio.run(main())
    """
)


async def test_a_writer_killed_while_it_writes_is_followed_by_one_that_goes_on(
    tmp_path: Path,
) -> None:
    """Real files and a real SIGKILL; the power cuts are in test_recovery."""
    rng, size = Random(7), 0
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER_TO_BE_KILLED, str(tmp_path), str(size)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(rng.randint(1, 40))]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().splitlines()
        process.wait()

        size = PublishedLog(tmp_path).checkpoint().size
        assert size >= int(told[-1])
        assert PublishedLog(tmp_path).tiles.root(size) == slow_root(LEAVES[:size])

    with writer_of(MemoryOrder(LEAVES), tmp_path) as writer:
        await writer.advance()
    assert PublishedLog(tmp_path).checkpoint().root == slow_root(LEAVES)
