"""A program that hangs is ended; one that answers, or only just began, is not."""

import asyncio
import time
from pathlib import Path

from kaipiao.continuity.cluster.kept import Kept
from kaipiao.continuity.cluster.pulse import PATRONI, Patience, Pulse, lost, status_of, watch
from kaipiao.continuity.cluster.words import Sentence


def test_one_that_never_answers_is_lost_only_after_its_start() -> None:
    pulse = Pulse(Patience(silent_s=30, unwell_s=120, start_s=60))
    lost_at = [
        age for age in range(200) if pulse.is_lost(None, now_s=1_000.0 + age, age_s=float(age))
    ]

    assert lost_at[0] == 91


def test_one_that_answers_now_and_then_is_kept() -> None:
    pulse = Pulse(Patience(silent_s=30, unwell_s=120, start_s=0))

    assert not any(
        pulse.is_lost(200 if at % 25 == 0 else None, now_s=at, age_s=at) for at in range(1_000)
    )


def test_one_that_only_says_that_it_is_not_well_is_lost_later() -> None:
    pulse = Pulse(PATRONI)
    lost_at = [at for at in range(400) if pulse.is_lost(503, now_s=at, age_s=at)]

    assert lost_at[0] == PATRONI.start_s + PATRONI.unwell_s + 1


async def test_a_program_that_is_frozen_is_started_again(tmp_path: Path) -> None:
    """SIGSTOP: nothing but SIGKILL reaches it."""
    environ = {"PATH": "/usr/bin:/bin"}
    frozen = Kept("x", ["sh", "-c", "kill -STOP $$"], output=tmp_path / "said", environ=environ)
    running = asyncio.create_task(frozen.run())
    told: list[Sentence] = []
    patience = Patience(silent_s=0.1, unwell_s=9.0, start_s=0.1)
    watching = asyncio.create_task(watch(frozen, patience, lambda: None, told.append, every_s=0.05))
    deadline = time.monotonic() + 5.0
    while not frozen.deaths and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    watching.cancel()
    frozen.kill()
    await frozen.stop(0.1)
    await running

    assert frozen.deaths >= 1
    assert told[0] == lost("x")


def test_nobody_at_the_door_is_no_answer() -> None:
    assert status_of("http://127.0.0.1:9/liveness") is None
