"""An event loop in virtual time: when nothing is ready, it is already later.

Days pass in milliseconds, and whatever is not chance is the same every time: callbacks run in
the order in which they were made, timers in the order in which they are due, and work for a
thread is done at once, in this one.
"""

import asyncio
from asyncio import base_events
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class NothingWillEverHappen(Exception):
    """Everyone waits and no timer runs: the story is stuck."""


class _Leap:
    """Stands where a selector would: waiting is only moving the clock."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise NothingWillEverHappen
        self.now_s += timeout
        return []


class VirtualLoop(base_events.BaseEventLoop):
    """No sockets, no signals, no threads, no waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Leap()

    def time(self) -> float:
        return self._selector.now_s

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Do it now: a thread would bring an order of its own."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:
            done.set_exception(error)
        return done

    def _process_events(self, event_list: list[object]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def run_virtually(story: Coroutine[Any, Any, T]) -> T:
    """Run ``story`` to its end; virtual time begins at 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
