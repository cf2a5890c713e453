"""A witness that nobody here wrote (aics-witness) cosigns for our cell, and remembers for it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kaipiao.evidence.cosigning.first import WitnessesKnowMore, WitnessesKnowOther
from kaipiao.evidence.cosigning.memory import Mood
from kaipiao.evidence.policy import parse_policy
from tests.journeys.cells import wait_until
from tests.strangers.provision import python_strangers
from tests.unit.evidence.cosigning.world import LEAVES, MovingClock, World
from tests.unit.evidence.fakes import MemoryOrder, make_leaves
from tests.unit.evidence.witnessed import SIGNER

NAME = "stranger.example/w"


def aics(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "aics_witness", *arguments, "--config", str(folder / "w.json")]


@contextmanager
def stranger(folder: Path) -> Iterator[tuple[str, str]]:
    """Its key and its address; it watches our log."""
    env = os.environ | {"PYTHONPATH": str(python_strangers())}
    folder.mkdir()
    made = subprocess.run(
        aics(folder, "init", "--name", NAME), env=env, check=True, capture_output=True, text=True
    )
    log = ("--origin", SIGNER.name, "--vkey", str(SIGNER.verifier))
    subprocess.run(aics(folder, "add-log", *log), env=env, check=True, capture_output=True)
    port = free_port()
    serving = aics(folder, "serve", "--listen", f"127.0.0.1:{port}", "--log-level", "ERROR")
    process = subprocess.Popen(serving, env=env)
    try:
        wait_until(lambda: is_open(port), 20, "it does not listen")
        yield made.stdout.strip(), f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


async def test_it_cosigns_our_growth_refuses_our_fork_and_knows_what_a_restore_lost(
    tmp_path: Path,
) -> None:
    with stranger(tmp_path / "stranger") as (key, url):
        policy = parse_policy(f"witness w {key} {url}\nquorum w\n".encode())
        clock = MovingClock()
        clock.at = datetime.now(UTC)
        w = World(tmp_path, policy, {}, clock)
        w.order.commit(LEAVES[:100])
        with w.writer(asks=True) as writer:  # it answers the question for a log it never saw
            await writer.advance()
        for size in (101, 256, 1000):
            await w.witnessed_at(size)
            assert w.witnesses_of(w.witnessed()) == {"w"}

        shutil.rmtree(w.folder)
        w.order = MemoryOrder(LEAVES[:900])
        with pytest.raises(WitnessesKnowMore, match="w 1000"), w.writer(asks=True) as writer:
            await writer.advance()
        w.order = MemoryOrder(LEAVES[:900] + make_leaves(200, history="second"))
        with pytest.raises(WitnessesKnowOther), w.writer(asks=True) as writer:
            await writer.advance()

        with w.writer() as writer:  # whoever signs all the same is not cosigned
            await writer.advance()
        assert not await w.gathering.round()
        assert w.callers["w"].standing.mood is Mood.CONTRADICTS
        await w.http.aclose()
