"""Settling: forcing tiles to the disk at leisure, and knowing how far all of them are there.

Every fsync makes the commits of the database on the same disk wait (20 to 40 ms, measured, when
a crowd's tiles were forced at once), and a tile can be made again from the ledger, which is
durable.  So tiles are written whole but not forced; they are forced a few at a time, and the
*mark* in the log's folder says up to which edge all full ones are.  After a power cut the next
start makes again what lies beyond the mark, and the unfull tiles at it.
"""

import hashlib
from collections import deque

import msgspec

from kaipiao.evidence.disk import Disk, force, write_durably
from kaipiao.evidence.edge import Edge, Files
from kaipiao.evidence.merkle import Frontier
from kaipiao.evidence.tiles import TILE_WIDTH

MARK_NAME = "settled"
FILES_AT_ONCE = 16
"""Forced together: with their folders, some 25 files, which the file system does in one go."""
BEHIND_MAX = 20_000
"""Files not forced yet, of 2.5 million leaves: a minute to make again.  Beyond, no more leisure."""
MARK_EVERY = 64
"""Tiles between two marks, while there are more to force."""
_DIGEST_BYTES = 32


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    size: int
    peaks: tuple[bytes, ...]
    levels: tuple[tuple[bytes, ...], ...]
    entries: tuple[bytes, ...]
    last: bytes


class Settling:
    """What one writer has written and not forced yet, oldest first."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self._owed: deque[tuple[list[str], Edge]] = deque()
        self._files = 0  # in it
        self._settled: Edge | None = None  # None: not begun
        self._unmarked = 0  # files forced since the mark

    @property
    def behind(self) -> int:
        """Files that a power cut could cost."""
        return self._files

    def begin(self, edge: Edge) -> None:
        """All full tiles below ``edge`` are on the disk, and nobody has seen more than it.

        Must be durable before the first tile beyond it is written: a folder without a mark is
        an older release's, which forced every tile.
        """
        self._owed.clear()
        self._files, self._settled = 0, edge
        self.mark()

    def owe(self, files: Files, edge: Edge) -> None:
        """``files`` were written, and lead to ``edge``, which is published or will be."""
        names = [tile.name for tile in files if tile.width == TILE_WIDTH]
        self._owed.append((names, edge))
        self._files += len(names)

    def settle(self, files: int = FILES_AT_ONCE) -> int:
        """Force at least so many, if there are; how many it was.  Raises OSError: ask again."""
        taken, names = 0, list[str]()
        for owed, _ in self._owed:
            if len(names) >= files:
                break
            names += owed
            taken += 1
        force(self.disk, names)
        for _ in range(taken):
            owed, self._settled = self._owed.popleft()
            self._files -= len(owed)
        self._unmarked += len(names)
        if self._unmarked >= MARK_EVERY:
            self.mark()
        return len(names)

    def mark(self) -> None:
        """Remember how far all is forced, if it was begun."""
        if self._settled is not None:
            write_mark(self.disk, self._settled)
            self._unmarked = 0


def write_mark(disk: Disk, edge: Edge) -> None:
    frontier = edge.frontier
    stored = _Stored(frontier.size, frontier.peaks, edge.levels, edge.entries, edge.last)
    content = msgspec.msgpack.encode(stored)
    write_durably(disk, {MARK_NAME: hashlib.sha256(content).digest() + content})


def read_mark(disk: Disk) -> Edge | None:
    """The edge up to which all full tiles are forced; None if there is no mark.

    A damaged one is as good as one at the very beginning.
    """
    try:
        raw = disk.read(MARK_NAME)
    except FileNotFoundError:
        return None
    content = raw[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != raw[:_DIGEST_BYTES]:
        return Edge()
    mark = msgspec.msgpack.decode(content, type=_Stored)
    return Edge(Frontier(mark.size, mark.peaks), mark.levels, mark.entries, mark.last)
