"""Many seeds, on every core, until one breaks a promise."""

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence

from kaipiao.twin.storm import Verdict, meet

AT_ONCE = 4
"""Seeds handed to a worker at a time: enough to keep it busy, few enough to stop soon."""
FRESH = "spawn"
"""Each worker starts clean, so that no seed inherits anything from its neighbours."""


def meet_all(
    seeds: Sequence[int], *, tell: Callable[[Verdict], object], workers: int | None = None
) -> Verdict | None:
    """The first verdict, in the order of ``seeds``, that breaks a promise; None if none does.

    ``tell`` hears every verdict up to then, in that order.
    """
    workers = workers or len(os.sched_getaffinity(0))
    with multiprocessing.get_context(FRESH).Pool(workers, initializer=_begin) as pool:
        for verdict in pool.imap(meet, seeds, chunksize=AT_ONCE):
            tell(verdict)
            if verdict.broken:
                return verdict
    return None


def hush() -> None:
    """The core warns of outages, and here there is nothing else; the journal has them all."""
    logging.disable(logging.CRITICAL)


def _begin() -> None:
    """A worker: quiet, and leaving Ctrl-C to whoever started it."""
    hush()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
