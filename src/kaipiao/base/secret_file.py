"""Secrets in files: written once, whole and durable; read only where nobody else can."""

import os
from pathlib import Path

_OTHERS = 0o077


def write_secret(path: Path, text: str) -> None:
    """Create a file, whole and durable, that nobody else could read even for a moment.

    Raises:
        FileExistsError: there is one.  A secret is never replaced.
    """
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.link(beside, path)  # unlike a rename, refuses to replace a key
    beside.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_secret(path: Path, *, chars_max: int) -> str:
    """The first ``chars_max`` characters.

    Raises:
        FileNotFoundError: there is none.
        ValueError: others on this machine may read it.
    """
    if path.stat().st_mode & _OTHERS:
        raise ValueError(f"others may read {path}; type: chmod 600 {path}")
    return path.read_text(encoding="utf-8")[:chars_max]
