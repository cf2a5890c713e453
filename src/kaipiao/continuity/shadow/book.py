"""What was compared, on the disk.

``tally.json`` is replaced whole after each stretch of the log; divergences are appended to
``divergences.ndjson`` before it, and the tally says how long that file is.  If we crash in
between, the file is cut back to that length and the stretch is asked again: with the same keys,
so the shadow answers what it answered before.  Both hold invoices: nobody else may read them.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.shadow.compare import Difference, Json

Kind = Literal["content", "refused", "absent", "stranger"]
"""Both have it and it differs; the shadow refused it; the shadow acknowledged it and has it not;
the shadow has it and the cell has not."""


class Divergence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sale that the two sides do not see alike, with both answers."""

    index: int  # in the cell's log; of a stranger, in the shadow's
    key: str
    seller: str
    kind: Kind
    differences: tuple[Difference, ...] = ()
    status: int = 201  # HTTP, of the shadow's answer
    here: Json = None
    there: Json = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is.  ``waiting`` is what the log holds beyond ``next_index``."""

    started_at: datetime
    next_index: int
    log_size: int = 0
    same: int = 0
    diverged: int = 0
    only_here: int = 0
    only_there: int = 0
    passed: int = 0  # erased, or what the log says of itself
    journal_bytes: int = 0
    looked_at: datetime | None = None  # when the shadow last answered
    version: str = ""  # what the shadow says that it is
    away: str = ""  # why the shadow does not answer, if it does not

    @property
    def waiting(self) -> int:
        return max(self.log_size - self.next_index, 0)

    @property
    def is_alike(self) -> bool:
        return not (self.diverged or self.only_here or self.only_there)


class Book:
    """The two files of a run, in one folder.  One process writes them."""

    def __init__(self, folder: Path) -> None:
        self._tally = folder / "tally.json"
        self._journal = folder / "divergences.ndjson"

    def read(self) -> Tally | None:
        """How far the run is; None: there was none."""
        try:
            return msgspec.json.decode(self._tally.read_bytes(), type=Tally)
        except FileNotFoundError:
            return None

    def open(self, begun: Tally) -> Tally:
        """Go on where a run stopped, or begin with ``begun``."""
        tally = self.read() or begun
        handle = os.open(self._journal, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(handle, tally.journal_bytes)
        os.close(handle)
        self.write(tally)
        return tally

    def write(self, tally: Tally, found: Sequence[Divergence] = ()) -> Tally:
        """Make ``tally`` durable, after what was found."""
        if found:
            with self._journal.open("ab") as journal:
                journal.writelines(msgspec.json.encode(one) + b"\n" for one in found)
                journal.flush()
                os.fsync(journal.fileno())
                tally = msgspec.structs.replace(tally, journal_bytes=journal.tell())
        write_whole(self._tally, msgspec.json.encode(tally))
        return tally

    def divergences(self) -> Iterator[Divergence]:
        """In the log's order; only those that the tally counts."""
        tally = self.read()
        left = tally.journal_bytes if tally else 0
        if not left:
            return
        with self._journal.open("rb") as journal:
            for line in journal:
                left -= len(line)
                if left < 0:
                    return
                yield msgspec.json.decode(line, type=Divergence)
