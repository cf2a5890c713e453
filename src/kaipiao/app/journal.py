"""What our processes say: JSON lines in a file for programs, warnings on stderr for people."""

import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

import msgspec

FILE_BYTES = 10 * 2**20
FILES_KEPT = 5
ACCESS_FILE_BYTES = 64 * 2**20


class JsonLines(logging.Formatter):
    """One record, one line: instant, level, which process, where from, what, and the traceback."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "from": record.name,
            "said": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class ForPeople(logging.Formatter):
    """One line without a traceback: the file has it."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        said = record.getMessage()
        cause = f": {record.exc_info[1]!r}" if record.exc_info and record.exc_info[1] else ""
        return f"kaipiao {self._process}: {said}{cause}"


def _is_for_people(record: logging.LogRecord) -> bool:
    """Our own warnings; of a library's only what it calls an error.  The file has all of it."""
    return record.name.startswith("kaipiao") or record.levelno >= logging.ERROR


def keep_journal(folder: Path, process: str) -> None:
    """From now on, whatever is logged in this process goes to ``folder/process.log``."""
    file = RotatingFileHandler(
        folder / f"{process}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"
    )
    file.setFormatter(JsonLines(process))
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.addFilter(_is_for_people)
    terminal.setFormatter(ForPeople(process))
    logging.basicConfig(level=logging.INFO, handlers=[file, terminal], force=True)


class AccessFile:
    """Takes whole lines, many at a time; starts a new file when one is full, and keeps one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)

    def write(self, lines: bytes) -> None:
        self._file.write(lines)
        if self._file.tell() > ACCESS_FILE_BYTES:
            self._file.close()
            self._path.replace(self._path.with_suffix(".log.1"))
            self._file = self._path.open("ab", buffering=0)
