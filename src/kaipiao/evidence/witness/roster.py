"""The logs that a witness watches: a text file, one log a line.

    # as in a C2SP tlog-policy file, so that one file may serve both
    log kaipiao.example/31-1+fb60e5b1+AYE5dw6… https://kaipiao.example/log
    kaipiao.example/31-1+9c21a4d0+BhJ…

A line is a verifier key, with or without ``log`` before and an address after it.  The name in the
key is the log's origin; several keys of one name are all trusted for it.  Lines of a policy that
speak of witnesses, groups and quorums are none of our business.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from kaipiao.base.durable import write_whole
from kaipiao.evidence.note import VerifierKey, parse_vkey

ROSTER_NAME = "logs"
ROSTER_BYTES_MAX = 4 * 2**20
"""Some twenty thousand logs."""
_POLICY_WORDS = frozenset({"witness", "group", "quorum"})
_log = logging.getLogger(__name__)

Keys = Mapping[str, tuple[VerifierKey, ...]]


class Roster:
    """Reads the file again whenever it changes; a damaged one leaves the last good one standing."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError: a line is none of these; OSError: it cannot be read."""
        self._path = path
        self._seen = _look(path)
        self._keys = read_roster(path)

    def keys(self, origin: str) -> tuple[VerifierKey, ...]:
        """Whose signature we take for this log's; nobody's, if we do not watch it."""
        self._look_again()
        return self._keys.get(origin, ())

    def origins(self) -> list[str]:
        self._look_again()
        return sorted(self._keys)

    def _look_again(self) -> None:
        seen = _look(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            self._keys = read_roster(self._path)
        except (OSError, ValueError) as error:
            _log.warning("%s cannot be read, the list before it holds: %s", self._path, error)


def _look(path: Path) -> tuple[int, int, int]:
    try:
        seen = path.stat()
    except FileNotFoundError:
        return (0, 0, 0)
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)


def read_roster(path: Path) -> Keys:
    """By origin; empty if there is no file.

    Raises:
        ValueError: a line names no log.
    """
    if not path.exists():
        return {}
    if path.stat().st_size > ROSTER_BYTES_MAX:
        raise ValueError(f"a list of logs has at most {ROSTER_BYTES_MAX} bytes")
    return parse_roster(path.read_text(encoding="utf-8"))


def parse_roster(text: str) -> Keys:
    """Raises ValueError: a line names no log."""
    found: dict[str, tuple[VerifierKey, ...]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        try:
            key = _parse_line(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        if key is not None and key not in found.get(key.name, ()):
            found[key.name] = (*found.get(key.name, ()), key)
    return found


def _parse_line(line: str) -> VerifierKey | None:
    words = line.split()
    if not words or words[0].startswith("#") or words[0] in _POLICY_WORDS:
        return None
    vkey = words[1:] if words[0] == "log" else words
    if not 1 <= len(vkey) <= 2:
        raise ValueError("a log is written: log KEY [URL]")
    return parse_vkey(vkey[0])


def add_log(path: Path, key: VerifierKey, url: str = "") -> bool:
    """Write a log into the file; False if it is there."""
    if key in read_roster(path).get(key.name, ()):
        return False
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    gap = "\n" if before and not before.endswith("\n") else ""
    line = " ".join(word for word in ("log", str(key), url) if word)
    write_whole(path, f"{before}{gap}{line}\n".encode(), mode=0o644)
    return True


def remove_log(path: Path, origin: str) -> int:
    """Take every key of a log out of the file; how many lines that were.  Memory of it stays."""
    if origin not in read_roster(path):
        return 0
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if (key := _parse_line(line)) is None or key.name != origin]
    write_whole(path, "".join(kept).encode(), mode=0o644)
    return len(lines) - len(kept)
