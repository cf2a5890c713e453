"""Virtual time: nobody waits, everything happens in its order, and nothing happens elsewhere."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from kaipiao.twin.clock import VirtualClock
from kaipiao.twin.loop import NothingWillEverHappen, run_virtually

NEW_YEAR = datetime(2026, 12, 31, 16, tzinfo=UTC)


def test_three_days_pass_at_once() -> None:
    async def story() -> datetime:
        clock = VirtualClock(NEW_YEAR)
        await asyncio.sleep(3 * 24 * 3600)
        return clock.now()

    began_s = monotonic()
    assert run_virtually(story()) == NEW_YEAR + timedelta(days=3)
    assert monotonic() - began_s < 1


def test_timers_ring_in_the_order_in_which_they_are_due() -> None:
    rung: list[str] = []

    async def ring(name: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        rung.append(f"{name} at {asyncio.get_running_loop().time():.1f}")

    async def story() -> None:
        await asyncio.gather(ring("late", 7), ring("soon", 0.5), ring("between", 3))

    run_virtually(story())
    assert rung == ["soon at 0.5", "between at 3.0", "late at 7.0"]


def test_a_time_limit_is_reached_in_virtual_time() -> None:
    async def story() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 600)
        return asyncio.get_running_loop().time()

    assert run_virtually(story()) == pytest.approx(600)


def test_what_a_thread_would_do_is_done_here_and_now() -> None:
    async def story() -> int:
        return await asyncio.to_thread(threading.get_ident)

    assert run_virtually(story()) == threading.get_ident()


def test_what_a_thread_would_raise_is_raised_here() -> None:
    async def story() -> None:
        await asyncio.to_thread(int, "x")

    with pytest.raises(ValueError):
        run_virtually(story())


def test_a_story_that_is_stuck_ends_instead_of_hanging() -> None:
    async def story() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingWillEverHappen):
        run_virtually(story())


def test_a_clock_jumps_and_no_timer_feels_it() -> None:
    async def story() -> tuple[datetime, float]:
        clock = VirtualClock(NEW_YEAR)
        other = clock.copy()
        clock.jump(timedelta(days=-400))
        await asyncio.sleep(1)
        assert other.now() == NEW_YEAR + timedelta(seconds=1)
        return clock.now(), asyncio.get_running_loop().time()

    now, elapsed_s = run_virtually(story())
    assert now == NEW_YEAR + timedelta(days=-400, seconds=1)
    assert elapsed_s == pytest.approx(1)
