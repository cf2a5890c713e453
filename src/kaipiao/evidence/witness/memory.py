"""A witness's memory: for each log the largest tree it has put its name to.

One SQLite file.  ``synchronous=FULL`` forces every commit to the disk, so what is remembered
here outlives a power cut; only then does a cosignature leave.  Change is compare-and-swap: of
two who start from the same tree one wins, and the other is told the new size.  Whoever comes while
the disk is busy is committed together with all others who wait: many logs cost what one does.
"""

import sqlite3
import threading
from collections import deque
from pathlib import Path
from typing import Any, NamedTuple

from kaipiao.errors import Outage
from kaipiao.evidence.cosignature import CosignerKey

MEMORY_NAME = "witness.sqlite"
BUSY_TIMEOUT_S = 5.0
_SCHEMA = """
CREATE TABLE witness (vkey TEXT NOT NULL) STRICT;
CREATE TABLE log (
    origin      TEXT PRIMARY KEY,
    size        INTEGER NOT NULL,
    root        BLOB NOT NULL,
    note        TEXT NOT NULL,
    cosigned_at INTEGER NOT NULL
) STRICT;
"""


class Held(NamedTuple):
    """The largest tree of one log that we cosigned.

    ``note`` carries the signatures of the log that we verified, and our own of ``cosigned_at``
    (Unix seconds).
    """

    size: int
    root: bytes
    note: str
    cosigned_at: int


class _Change:
    """One statement that waits for its commit; after it, one of the other two is set."""

    def __init__(self, statement: str, values: tuple[object, ...]) -> None:
        self.statement = statement
        self.values = values
        self.done: bool | None = None
        self.error: sqlite3.Error | None = None


class Memory:
    """Safe to use from several threads.  Every method may raise ``Outage``: the disk failed."""

    def __init__(self, path: Path) -> None:
        """Open what ``create_memory`` made.  Raises FileNotFoundError: there is none."""
        if not path.exists():
            raise FileNotFoundError(path)
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._waiting: deque[_Change] = deque()
        self._reader, self._writer = _connect(path), _connect(path)

    @property
    def vkey(self) -> str:
        """Whose memory this is."""
        return str(self._ask("SELECT vkey FROM witness")[0][0])

    def held(self, origin: str) -> Held | None:
        rows = self._ask(
            "SELECT size, root, note, cosigned_at FROM log WHERE origin = ?", (origin,)
        )
        return Held(*rows[0]) if rows else None

    def all_held(self) -> dict[str, Held]:
        rows = self._ask("SELECT origin, size, root, note, cosigned_at FROM log ORDER BY origin")
        return {row[0]: Held(*row[1:]) for row in rows}

    def advance(self, origin: str, before: Held | None, after: Held) -> bool:
        """Remember ``after`` in the place of ``before``, durably; False if that is not held now."""
        if before is None:
            change = _Change(
                "INSERT INTO log VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1",
                (origin, *after),
            )
        else:
            change = _Change(
                "UPDATE log SET size = ?, root = ?, note = ?, cosigned_at = ? WHERE origin = ? "
                "AND size = ? AND root = ? AND cosigned_at <= ? RETURNING 1",
                (*after, origin, before.size, before.root, after.cosigned_at),
            )
        self._waiting.append(change)
        with self._writing:
            if change.done is None and change.error is None:  # else the one before took it along
                self._commit_waiting()
        if change.error is not None:
            raise Outage("the witness's memory") from change.error
        return bool(change.done)

    def close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _commit_waiting(self) -> None:
        """Everything that waits, in one transaction; a commit that fails changed nothing."""
        changes = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            done = [bool(self._writer.execute(c.statement, c.values).fetchall()) for c in changes]
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            for change in changes:
                change.error = error
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            return
        for change, is_done in zip(changes, done, strict=True):
            change.done = is_done

    def _ask(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        """What is committed, and nothing else."""
        try:
            with self._reading:
                return self._reader.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise Outage("the witness's memory") from error


def create_memory(path: Path, key: CosignerKey) -> None:
    """Make an empty memory that belongs to this key.

    Raises:
        FileExistsError: there is one; it is never overwritten.
    """
    if path.exists():
        raise FileExistsError(path)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    sql = _connect(beside)
    sql.executescript(_SCHEMA)
    sql.execute("INSERT INTO witness VALUES (?)", (str(key),))
    sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    sql.close()
    beside.rename(path)


def _connect(path: Path) -> sqlite3.Connection:
    sql = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    sql.execute("PRAGMA journal_mode = WAL")
    sql.execute("PRAGMA synchronous = FULL")
    return sql
