"""Asking again: how often, how long, and how far apart."""

import secrets
import time
from typing import NamedTuple

FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 5.0
JITTER = 1000


class Budget(NamedTuple):
    """How long one call may be asked again before its outcome is left unknown.

    A server that says when to come back is believed, as far as the budget goes.
    """

    within_s: float = 30.0


ONCE = Budget(within_s=0.0)

PATIENT = Budget(within_s=120.0)
"""For a file of many invoices: a database that fails over takes a while."""


class Tries:
    """The tries of one call: ``pause`` waits before the next, or says that there is none."""

    def __init__(self, budget: Budget) -> None:
        self._deadline = time.monotonic() + budget.within_s
        self._next_s = FIRST_PAUSE_S

    def pause(self, retry_after_s: float | None = None) -> bool:
        """Wait for the next try; False when the budget does not reach that far.

        Callers who failed together do not come back together: each waits a little longer or
        shorter than the next.
        """
        jitter = 0.75 + secrets.randbelow(JITTER) / JITTER / 2
        wait_s = max(self._next_s * jitter, retry_after_s or 0.0)
        if time.monotonic() + wait_s > self._deadline:
            return False
        time.sleep(wait_s)
        self._next_s = min(2 * self._next_s, LAST_PAUSE_S)
        return True
