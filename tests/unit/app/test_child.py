"""A child is started again however it ends, more and more patiently, until it is told to stop."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from kaipiao.app.child import Child
from kaipiao.app.orders import READY
from tests.journeys.cells import is_alive


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which children import; the environment is not ours to patch, but theirs."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


class Watch:
    """Remembers what a child was seen to do."""

    def __init__(self) -> None:
        self.seen: list[bool] = []
        self.ready = asyncio.Event()

    def __call__(self, child: Child, is_ready: bool) -> None:
        self.seen.append(is_ready)
        self.ready.set() if is_ready else self.ready.clear()


FAITHFUL = f"""
import os, signal, sys, time
orders = sys.stdin.readline()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
os.write(1, {READY!r})
time.sleep(60)
"""
STUBBORN = FAITHFUL.replace("lambda *_: os._exit(0)", "signal.SIG_IGN")


async def test_a_child_that_is_killed_comes_back(modules: Path) -> None:
    (modules / "faithful.py").write_text(FAITHFUL)
    watch = Watch()
    child = Child("c", "faithful", b"{}\n", changed=watch)
    running = asyncio.create_task(child.run())

    await asyncio.wait_for(watch.ready.wait(), 5)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    while child.pid == first or not watch.ready.is_set():
        await asyncio.sleep(0.01)
    await child.stop(2)
    await running

    assert watch.seen == [True, False, True, False]
    assert not is_alive(child.pid or 0)


async def test_a_child_that_will_not_stop_is_ended(modules: Path) -> None:
    (modules / "stubborn.py").write_text(STUBBORN)
    watch = Watch()
    child = Child("c", "stubborn", b"{}\n", changed=watch)
    running = asyncio.create_task(child.run())
    await asyncio.wait_for(watch.ready.wait(), 5)

    began = time.monotonic()
    await child.stop(0.2)
    await running

    assert 0.2 <= time.monotonic() - began < 2
    assert not is_alive(child.pid or 0)


async def test_one_that_cannot_start_is_not_tried_in_a_hurry(modules: Path) -> None:
    (modules / "broken.py").write_text("import os\nos.write(2, b'x')\nraise SystemExit(3)\n")
    watch = Watch()
    child = Child("c", "broken", b"{}\n", changed=watch)
    running = asyncio.create_task(child.run())
    await asyncio.sleep(1.2)
    await child.stop(1)
    await running

    assert 2 <= len(watch.seen) <= 6
    assert not any(watch.seen)
