"""Where backups lie.

    FOLDER/SERIES/base/NAME/   what pg_basebackup wrote, with its manifest; the server's user's
    FOLDER/SERIES/wal/         what pg_receivewal wrote; the server's user's
    FOLDER/SERIES/cell/NAME/   keys, passwords and settings of that moment, ``backup.json``; ours
    FOLDER/SERIES/archive/     old batches that had left the database; ours
    FOLDER/SERIES/seen/        the newest checkpoints, as published and as witnessed; ours

A *series* is the backups of one data folder since it was made or restored: two histories are never
mixed, not even when a cell was restored to an earlier moment and went on from there.  Names are
instants in UTC.  ``cell/NAME`` appears last and by one rename: without it there is no backup.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.backup.wrong import BackupWrong

NOTE_NAME = "backup.json"
DRAFT = ".new"
HISTORY_NAME = "backup-history"
HISTORY_BYTES = 8
NAME_FORM = "%Y%m%dT%H%M%S.%fZ"


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """One base backup.  ``parent`` is the one whose changes it holds; empty: it is whole."""

    name: str
    series: str
    parent: str
    began_at: datetime
    ended_at: datetime  # a restore may aim at this moment or later
    bytes: int
    segment: str  # the WAL file with which its replay begins
    version: str  # of PostgreSQL
    area: int
    log_origin: str
    history: str = ""  # the cell's since it was made or restored; empty: of an older release

    @property
    def kind(self) -> str:
        return "incremental" if self.parent else "full"


class Series:
    """One history's backups."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def wal(self) -> Path:
        return self.path / "wal"

    @property
    def archive(self) -> Path:
        return self.path / "archive"

    @property
    def seen(self) -> Path:
        return self.path / "seen"

    def base(self, name: str) -> Path:
        return self.path / "base" / name

    def cell(self, name: str) -> Path:
        return self.path / "cell" / name

    def backups(self) -> list[Backup]:
        """All that are whole, the oldest first."""
        notes = sorted(self.path.glob(f"cell/*/{NOTE_NAME}"))
        return [
            msgspec.json.decode(note.read_bytes(), type=Backup)
            for note in notes
            if not note.parent.name.endswith(DRAFT)
        ]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One at a time adds or takes away here.

        Raises:
            BackupWrong: another one is at it.
        """
        self.path.mkdir(exist_ok=True)
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise BackupWrong(
                zh=f"{self.path} 正在备份或清理。请稍后再试。",
                en=f"A backup or a prune is at work in {self.path}. Try again in a moment.",
            ) from None
        finally:
            os.close(handle)

    def chain(self, backup: Backup) -> list[Backup]:
        """The full one that it builds upon, all in between, and itself.

        Raises:
            KeyError: one of them is missing.
        """
        known = {one.name: one for one in self.backups()}
        chain = [backup]
        while chain[0].parent:
            chain.insert(0, known[chain[0].parent])
        return chain


class Shelf:
    """The folder of backups."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def series(self) -> list[Series]:
        return [Series(path.parent) for path in sorted(self.path.glob("*/cell"))]

    def backups(self) -> list[tuple[Series, Backup]]:
        """Of all series, in the order in which they ended."""
        found = [(series, one) for series in self.series() for one in series.backups()]
        return sorted(found, key=lambda pair: pair[1].ended_at)

    def begin_anew(self, memory: Path) -> None:
        """Forget which series here is this cell's: the next backup begins another."""
        with alone_with(memory):
            known = read_memory(memory)
            known.pop(str(self.path.resolve()), None)
            write_whole(memory, msgspec.json.encode(known))

    def series_of(self, memory: Path, now: datetime) -> Series:
        """The series of the cell that keeps ``memory``; begun now if it has none here.

        ``memory`` lies in the data folder and is in no backup, so a restored cell begins another.
        """
        with alone_with(memory):
            known = read_memory(memory)
            here = str(self.path.resolve())
            name = known.get(here, "")
            if not name or not (self.path / name / "cell").exists():
                name = now.strftime(NAME_FORM)
                write_whole(memory, msgspec.json.encode(known | {here: name}))
            return Series(self.path / name)


@contextmanager
def alone_with(memory: Path) -> Iterator[None]:
    """The streams of two folders begin at the same moment, and share what the cell remembers."""
    handle = os.open(memory.with_name("backup-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_memory(memory: Path) -> dict[str, str]:
    """Folder to series, as a cell remembers it."""
    if not memory.exists():
        return {}
    return msgspec.json.decode(memory.read_bytes(), type=dict[str, str])


def history_of(memory: Path) -> str:
    """The name of the one history that a data folder has lived; beside ``memory``, made now if
    it has none yet.

    Two folders with backups of one history hold the same log of the database.
    """
    path = memory.with_name(HISTORY_NAME)
    with alone_with(memory):
        if not path.exists():
            write_whole(path, secrets.token_hex(HISTORY_BYTES).encode())
        return path.read_text(encoding="ascii")


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(
        os.lstat(os.path.join(where, name)).st_size
        for where, _, names in os.walk(folder)
        for name in names
    )
