"""What moves on a member whose PostgreSQL answers nobody yet, read from the kernel.

PostgreSQL writes into the title of its startup process which WAL file it replays; a rewind, a
copy, and a recovery in single-user mode are programs that name the data folder.  Without
``/proc`` nothing is seen to move.
"""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from kaipiao.continuity.cluster.stuck import Movement
from kaipiao.ledger.embedded.survivors import find_postmaster

REPLAYS = re.compile(r"startup (?:recovering|waiting for) [0-9A-F]{8}([0-9A-F]{16})")
COPIERS = {"pg_rewind", "pg_basebackup", "postgres"}
"""``postgres`` with ``--single``: a crash recovery that Patroni runs."""


def read_movement(data: Path) -> Movement:
    """How far PostgreSQL on ``data``, and whoever copies there, has come."""
    return Movement(_segment(data), sum(map(_bytes_moved, copiers(data))))


def copiers(data: Path) -> list[int]:
    """The programs that write to ``data`` while no server runs there."""
    return [pid for pid, words in _programs() if _copies(words, data)]


def end_copiers(data: Path) -> None:
    """So that nobody else writes there when Patroni begins anew."""
    for pid in copiers(data):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _copies(words: list[str], data: Path) -> bool:
    program = Path(words[0]).name
    is_server = program == "postgres" and "--single" not in words
    is_of_data = any(word.rpartition("=")[2] == str(data) for word in words)
    return program in COPIERS and not is_server and is_of_data


def _segment(data: Path) -> str:
    postmaster = find_postmaster(data)
    for pid, words in _programs():
        found = REPLAYS.search(" ".join(words))
        if found and _parent(pid) == postmaster:
            return found[1]
    return ""


def _programs() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if words[0]:
                yield int(entry.name), words


def _parent(pid: int) -> int | None:
    with suppress(OSError, ValueError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return int(stat.rpartition(") ")[2].split()[1])
    return None


def _bytes_moved(pid: int) -> int:
    """Read and written since it was started, in whole MiB: less is no progress."""
    with suppress(OSError, ValueError, IndexError):
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()[:2]
        return sum(int(line.split()[1]) for line in lines) >> 20 << 20
    return 0
