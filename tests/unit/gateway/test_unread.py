"""What is unread is counted to the byte, is never too much, and the slowest pays for it."""

import asyncio
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.gateway.refusals import Busy
from kaipiao.gateway.unread import StallWatch, Unread

MAX = 1_000
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["grow", "shrink", "forget"]),
        st.integers(min_value=0, max_value=5),
        st.integers(min_value=1, max_value=600),
    ),
    max_size=80,
)


class Caller:
    def __init__(self) -> None:
        self.unread = 0
        self.moved_at = 0
        self.is_cut = False

    def cut(self) -> None:
        self.is_cut = True
        self.unread = 0


@given(STEPS)
def test_the_sum_is_the_sum_and_never_too_much(steps: list[tuple[str, int, int]]) -> None:
    unread, callers = Unread(MAX), [Caller() for _ in range(6)]
    for act, who, size in steps:
        caller = callers[who]
        if act == "grow":
            caller.unread += size
            unread.grow(caller, size)
        elif act == "shrink" and not caller.is_cut:
            caller.unread = max(0, caller.unread - size)
            unread.shrink(caller, size)
        elif act == "forget":
            caller.unread = 0
            unread.forget(caller)
        caller.is_cut = False

        assert unread.bytes == sum(one.unread for one in callers) <= MAX


def test_whoever_stood_still_longest_is_cut() -> None:
    unread, (first, second, third) = Unread(MAX), (Caller(), Caller(), Caller())
    for caller in (first, second, third):
        unread.grow(caller, 300)
    unread.shrink(first, 100)  # reads, if slowly
    unread.grow(third, 300)

    assert [one.is_cut for one in (first, second, third)] == [False, True, False]
    assert unread.bytes == 200 + 600


def test_what_has_no_room_is_not_begun() -> None:
    unread = Unread(MAX)
    unread.check_room(MAX)
    unread.grow(Caller(), 400)
    unread.check_room(600)
    with pytest.raises(Busy):
        unread.check_room(601)


class Pipe:
    """As much of a transport as the watch looks at."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.is_aborted = False

    def get_write_buffer_size(self) -> int:
        return self.size

    def abort(self) -> None:
        self.is_aborted = True


async def test_who_reads_a_little_is_waited_for_and_who_reads_nothing_is_cut() -> None:
    unread, pipe = Unread(MAX), Pipe(900)
    watch = StallWatch(cast(asyncio.Transport, pipe), unread, timeout_s=0.05)
    watch.begin()
    async with asyncio.timeout(20):
        for _ in range(4):
            pipe.size -= 100
            while unread.bytes != pipe.size:
                assert not pipe.is_aborted
                await asyncio.sleep(0.005)
        while not pipe.is_aborted:
            await asyncio.sleep(0.005)
    assert unread.bytes == 0


async def test_who_has_read_is_watched_no_longer() -> None:
    unread, pipe = Unread(MAX), Pipe(900)
    watch = StallWatch(cast(asyncio.Transport, pipe), unread, timeout_s=0.02)
    watch.begin()
    watch.end()
    await asyncio.sleep(0.06)

    assert not pipe.is_aborted
    assert unread.bytes == 0
