"""A worker that cannot go on ends itself, in order, and the supervisor starts another.

It cannot go on when it is short of memory: whatever failed for want of a few bytes, the next
request may fail for too.  Nor if the loop that commits is broken, for then nobody is answered.

In order means: take no new callers, finish what is being answered, go.  Whom that leaves without
a word is told by the supervisor (``last_words.py``).  And should we be past ending in order, the
kernel's alarm ends us: it was set first, and needs no memory.
"""

import asyncio
import logging
import resource
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kaipiao.base.shortage import is_shortage

END_WITHIN_S = 3
CANNOT_GO_ON = 75
"""Exit code: EX_TEMPFAIL of sysexits.h."""

SHORT_OF_MEMORY = "short of memory"

MIB = 1 << 20
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_RATHER_US = b"500"

log = logging.getLogger(__name__)


class Ending:
    """Asked once or many times; the process ends once."""

    def __init__(self) -> None:
        self.why = ""
        self._leave: Callable[[], None] = _nothing

    def by(self, leave: Callable[[], None]) -> None:
        """``leave`` begins an orderly end."""
        self._leave = leave
        if self.why:
            leave()

    def ask(self, why: str) -> None:
        if self.why:
            return
        self.why = why
        signal.alarm(END_WITHIN_S)
        self._leave()
        with suppress(MemoryError):
            log.warning("%s: this process ends, and another takes its place", why)

    def hear(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """For the event loop: what failed in a callback, where nobody else sees it."""
        if is_shortage(context.get("exception")):
            self.ask(SHORT_OF_MEMORY)
        loop.default_exception_handler(context)


def bound_memory(limit_mib: int) -> None:
    """At most so much for this process; and if the machine runs out, rather us than a database."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with suppress(ValueError, OSError):  # a lower limit than ours is in force: that one holds
        resource.setrlimit(resource.RLIMIT_DATA, (limit_mib * MIB, hard))
    with suppress(OSError):
        _OOM_SCORE.write_bytes(_RATHER_US)


def _nothing() -> None:
    pass
