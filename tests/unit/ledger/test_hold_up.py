"""One timer watches over all commits, and is as exact as one for each would be.

In virtual time, so that exact means exact.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps

from kaipiao.errors import Outage
from kaipiao.fiscal.invoice import Receipt
from kaipiao.ledger.hold_up import SHED_EVERY_S, HoldUp
from kaipiao.ledger.queue import Queue
from kaipiao.twin.loop import run_virtually
from tests.stores import entry

PATIENCE_S = 5.0


def virtually(story: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    @wraps(story)
    def test() -> None:
        async def tell() -> None:
            await story()

        run_virtually(tell())

    return test


class Behind:
    """One caller who waits behind a commit, and when he was told to come back."""

    def __init__(self, queue: Queue, key: str) -> None:
        self.told_after_s: float | None = None
        self._now = asyncio.get_running_loop().time
        self._began = self._now()
        queue.offer_one(entry(key), self._tell)

    def _tell(self, outcome: Receipt | Exception) -> None:
        assert isinstance(outcome, Outage)
        self.told_after_s = self._now() - self._began


@virtually
async def test_who_waits_behind_a_late_commit_is_told_and_whoever_comes_after_him_too() -> None:
    queue = Queue()
    hold_up = HoldUp(queue, PATIENCE_S)
    hold_up.begin()
    first = Behind(queue, "sale-1")
    await asyncio.sleep(1.5 * PATIENCE_S)
    second = Behind(queue, "sale-2")
    await asyncio.sleep(SHED_EVERY_S)

    assert first.told_after_s == PATIENCE_S
    assert second.told_after_s is not None


@virtually
async def test_commits_that_end_in_time_hold_nobody_up_however_many_there_are() -> None:
    queue = Queue()
    hold_up = HoldUp(queue, PATIENCE_S)
    waiting = Behind(queue, "sale-1")
    for _ in range(12):
        hold_up.begin()
        await asyncio.sleep(PATIENCE_S / 5)
        hold_up.end()
    await asyncio.sleep(1.5 * PATIENCE_S)

    assert waiting.told_after_s is None


@virtually
async def test_a_commit_that_began_while_another_was_watched_is_late_in_its_own_time() -> None:
    queue = Queue()
    hold_up = HoldUp(queue, PATIENCE_S)
    hold_up.begin()  # its timer is the one there is
    await asyncio.sleep(0.6 * PATIENCE_S)
    hold_up.end()
    hold_up.begin()
    waiting = Behind(queue, "sale-1")
    await asyncio.sleep(2 * PATIENCE_S)

    assert waiting.told_after_s == PATIENCE_S, "the first commit's lateness is not the second's"


@virtually
async def test_after_a_rest_the_next_commit_is_watched_again() -> None:
    queue = Queue()
    hold_up = HoldUp(queue, PATIENCE_S)
    hold_up.begin()
    hold_up.end()
    await asyncio.sleep(1.5 * PATIENCE_S)  # nothing was under way when the timer looked
    hold_up.begin()
    waiting = Behind(queue, "sale-1")
    await asyncio.sleep(1.5 * PATIENCE_S)

    assert waiting.told_after_s is not None
