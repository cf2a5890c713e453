"""What our processes say: JSON lines in a file for programs, warnings on stderr for people."""

import logging
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

import msgspec

FILE_BYTES = 10 * 2**20
FILES_KEPT = 5


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


def keep_journal(folder: Path, process: str) -> None:
    """From now on, whatever is logged in this process goes to ``folder/process.log``."""
    file = RotatingFileHandler(
        folder / f"{process}.log", maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8"
    )
    file.setFormatter(JsonLines(process))
    terminal = logging.StreamHandler()
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(ForPeople(process))
    logging.basicConfig(level=logging.INFO, handlers=[file, terminal], force=True)
