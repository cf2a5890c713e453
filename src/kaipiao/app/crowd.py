"""How many callers each worker has, where all of them can see it.

Workers share one listening socket, and whoever wakes first takes the caller.  That is often the
same one, so a worker that has more than another waits a moment before it takes the next.

Counts are hints: read without a lock, old for a moment, and no harm if wrong.
"""

import mmap
import tempfile
from typing import IO

WORD_BYTES = 4
PLACES = 64


def make_crowd_file() -> IO[bytes]:
    """The memory that all workers of a cell share; inherited as a descriptor."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the supervisor
    file.truncate(PLACES * WORD_BYTES)
    return file


class Crowd:
    """One worker's view: its own count, and whether another has fewer."""

    def __init__(self, memory: int, *, place: int, workers: int) -> None:
        self._counts = memoryview(mmap.mmap(memory, PLACES * WORD_BYTES)).cast("I")
        self._place = place
        self._workers = workers
        self.note(0)

    def note(self, count: int) -> None:
        self._counts[self._place] = count

    def has_fewer_elsewhere(self) -> bool:
        counts = self._counts[: self._workers]
        return min(counts) < counts[self._place]
