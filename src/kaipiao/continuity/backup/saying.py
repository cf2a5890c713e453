"""Telling a person, or a stopwatch, what is being done and how much of it is done."""

from collections.abc import Callable
from typing import Protocol

Progress = Callable[[int, int], None]
"""Told how much of how much."""


class Say(Protocol):
    """Told which step begins (``of`` is 0), and then how much of it is done."""

    def __call__(self, step: str, done: int = 0, of: int = 0, /) -> None: ...


def progress_of(say: Say, step: str) -> Progress:
    return lambda done, of: say(step, done, of)
