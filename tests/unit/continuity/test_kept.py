"""A program is started again whenever it dies, and stopped when it must."""

import asyncio
import time
from pathlib import Path

from kaipiao.continuity.cluster.kept import Kept

ENVIRON = {"PATH": "/usr/bin:/bin"}


async def until(condition: "object", *, within_s: float = 5.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_what_dies_is_started_again_and_all_it_said_is_kept(tmp_path: Path) -> None:
    said = tmp_path / "said"
    kept = Kept("x", ["sh", "-c", "echo once; exit 3"], output=said, environ=ENVIRON)

    running = asyncio.create_task(kept.run())
    await until(lambda: said.exists() and said.read_text().count("once") == 2)
    await kept.stop(1.0)
    await running

    assert kept.pid is None


async def test_a_program_that_will_not_stop_is_ended(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    kept = Kept("x", ["sh", "-c", stubborn], output=tmp_path / "said", environ=ENVIRON)
    running = asyncio.create_task(kept.run())
    await until(lambda: (tmp_path / "said").exists() and (tmp_path / "said").read_text())

    await kept.stop(0.2)
    await asyncio.wait_for(running, 2.0)

    assert kept.pid is None
