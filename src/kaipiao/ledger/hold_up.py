"""A commit that takes too long holds up all behind it: they are told to come back.

So in a cell that has lost its quorum callers are answered, and no queue grows.  Once it has
happened nobody is kept waiting long, until a commit is known to have succeeded.
"""

import asyncio
import logging

from kaipiao.ledger.queue import Queue

HELD_UP_S = 5.0
SHED_EVERY_S = 0.5
"""How long a caller waits while nothing gets through."""

_log = logging.getLogger("kaipiao.ledger")


class HoldUp:
    """Two calls around every commit, and nothing else while all is well."""

    def __init__(self, queue: Queue, after_s: float) -> None:
        self._queue = queue
        self._after_s = self._patience_s = after_s
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._patience_s, self._shed)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def is_over(self) -> None:
        """A commit succeeded."""
        self._patience_s = self._after_s

    def _shed(self) -> None:
        self._patience_s = min(SHED_EVERY_S, self._after_s)
        if count := self._queue.shed():
            _log.warning("a commit is held up; %d invoices behind it are told to come back", count)
        self.begin()
