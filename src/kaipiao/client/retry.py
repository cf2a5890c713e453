"""Asking again: how long, how far apart, and how often for all the calls of a client together.

Pauses are decorrelated: each is drawn between the first pause and three times the last one, so
callers who failed together do not come back together.  A purse bounds what a client may waste on
a cell that does not answer, so that a thousand clients do not keep down what is getting up.
"""

import secrets
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 5.0
GROWTH = 3.0
PURSE_TRIES = 50.0
"""Tries that may come to nothing before a client is slowed down."""
PURSE_TRIES_PER_S = 2.0
"""What an empty purse gains by waiting: enough to notice that the cell is back."""
PURSE_SHARE = 0.1
"""What each success adds: while nine of ten calls succeed, nobody is slowed down."""
EMPTY_PAUSE_S = 0.4
_STEPS = 1 << 20


class Budget(NamedTuple):
    """How long one call may be asked again before its outcome is left unknown.

    A server that says when to come back is believed, as far as the budget goes.
    """

    within_s: float = 30.0


ONCE = Budget(within_s=0.0)

PATIENT = Budget(within_s=120.0)
"""For a file of many invoices: a database that fails over takes a while."""


def chance() -> float:
    """At least 0 and less than 1."""
    return secrets.randbelow(_STEPS) / _STEPS


class Purse:
    """What all the calls of one client may spend on second tries; thread-safe.

    A second try takes one and, when it is answered, gives it back; a hedge does not.  So at most
    ``PURSE_TRIES + PURSE_TRIES_PER_S * seconds + PURSE_SHARE * successes`` tries are wasted, and
    once the cell is back, whoever waits comes through as fast as answers come.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._left = PURSE_TRIES
        self._seen_at = now()

    def take(self) -> bool:
        """Take one, if there is one."""
        return self._take(least=1.0)

    def take_spare(self) -> bool:
        """Take one while more than half are there: what is only nice to have."""
        return self._take(least=1.0 + PURSE_TRIES / 2)

    def give_back(self) -> None:
        with self._lock:
            self._gain(1.0)

    def earn(self) -> None:
        """A call succeeded."""
        with self._lock:
            self._gain(PURSE_SHARE)

    def _take(self, *, least: float) -> bool:
        with self._lock:
            self._gain(0.0)
            if self._left < least:
                return False
            self._left -= 1
            return True

    def _gain(self, more: float) -> None:
        now = self._now()
        more += (now - self._seen_at) * PURSE_TRIES_PER_S
        self._left, self._seen_at = min(PURSE_TRIES, self._left + more), now


class Pauses:
    """The pauses of one call, until its budget is spent."""

    def __init__(
        self,
        budget: Budget,
        *,
        now: Callable[[], float] = time.monotonic,
        draw: Callable[[], float] = chance,
    ) -> None:
        self._now, self._draw = now, draw
        self._deadline = now() + budget.within_s
        self._last_s = FIRST_PAUSE_S

    def next_s(self, retry_after_s: float | None = None) -> float | None:
        """How long to rest before the next try; None when the budget does not reach that far.

        Those who are told the same moment come a little after it, not all at it.
        """
        reach_s = min(LAST_PAUSE_S, GROWTH * self._last_s)
        self._last_s = FIRST_PAUSE_S + (reach_s - FIRST_PAUSE_S) * self._draw()
        wait_s = (retry_after_s or 0.0) + (
            FIRST_PAUSE_S * self._draw() if retry_after_s else self._last_s
        )
        return self._within(wait_s)

    def while_empty_s(self) -> float | None:
        """How long to rest before looking into the purse again."""
        return self._within(EMPTY_PAUSE_S * (0.5 + self._draw()))

    def _within(self, wait_s: float) -> float | None:
        return None if self._now() + wait_s > self._deadline else wait_s


class Tries:
    """The tries of a call whose answer comes in pieces: ``pause`` waits before the next."""

    def __init__(self, budget: Budget, purse: Purse) -> None:
        self._pauses, self._purse = Pauses(budget), purse
        self._owes = False

    def pause(self, retry_after_s: float | None = None) -> bool:
        """Wait for the next try; False when the budget does not reach that far."""
        wait_s = self._pauses.next_s(retry_after_s)
        while wait_s is not None:
            time.sleep(wait_s)
            if self._purse.take():
                self._owes = True
                return True
            wait_s = self._pauses.while_empty_s()
        return False

    def succeeded(self) -> None:
        """The last try was answered."""
        if self._owes:
            self._purse.give_back()
        self._owes = False
        self._purse.earn()
