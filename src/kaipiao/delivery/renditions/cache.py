"""Renditions that were made before, kept in a folder up to a number of bytes.

A rendition can always be made again, so any file here may vanish: what is damaged is made anew,
and when the folder is full, what nobody asked for longest goes first.  Several processes share
one folder; each sweeps it after every ``SWEEP_SHARE`` of the limit that it wrote itself, so it
holds at most that much more for every process.

    FOLDER/07/26311000000000000007.pdf.1f0c9a77b2.proven     its edition; with its receipt

A file is the SHA-256 of the content, then the content.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from kaipiao.base.durable import write_whole

SWEEP_SHARE = 16
"""A sweep after every sixteenth of the limit."""

KEEP_SHARE = 0.9
"""A sweep leaves so much of the limit, or the next one would come at once."""

_HASH_BYTES = 32


class Key(NamedTuple):
    """What a rendition depends on beside the invoice itself, which never changes."""

    number: str
    kind: str
    edition: str
    proven: bool


class RenditionCache:
    """``limit_bytes`` of 0 keeps nothing."""

    def __init__(self, folder: Path, *, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._unswept_bytes = limit_bytes  # whatever an earlier process left is looked at once

    def find(self, key: Key) -> bytes | None:
        """The content, if it is here and whole.  What is here and damaged is removed."""
        path = self._path(key)
        try:
            kept = path.read_bytes()
        except OSError:
            return None
        content = kept[_HASH_BYTES:]
        if hashlib.sha256(content).digest() != kept[:_HASH_BYTES]:
            path.unlink(missing_ok=True)
            return None
        with suppress(OSError):
            os.utime(path)  # asked for just now: it goes last
        return content

    def keep(self, key: Key, content: bytes) -> None:
        """Keep it.  A disk that takes nothing costs us only the memory of it."""
        if len(content) > self._limit_bytes // SWEEP_SHARE:
            return
        path = self._path(key)
        with suppress(OSError):
            self._make_folder(path.parent)
            write_whole(path, hashlib.sha256(content).digest() + content)
            self._unswept_bytes += len(content)
            if self._unswept_bytes >= self._limit_bytes // SWEEP_SHARE:
                self.sweep()

    def drop(self, number: str) -> None:
        """Remove every document of one invoice: its content was erased.  Raises OSError."""
        for path in (self._folder / number[-2:]).glob(f"{number}.*"):
            path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what was not asked for longest, until there is room again."""
        self._unswept_bytes = 0
        files = sorted(_files(self._folder))
        held = sum(size for _, size, _ in files)
        if held <= self._limit_bytes:
            return
        for _, size, path in files:
            if held <= KEEP_SHARE * self._limit_bytes:
                return
            with suppress(OSError):
                os.unlink(path)
            held -= size

    def _path(self, key: Key) -> Path:
        proven = "proven" if key.proven else "plain"
        name = f"{key.number}.{key.kind}.{key.edition}.{proven}"
        return self._folder / key.number[-2:] / name

    def _make_folder(self, folder: Path) -> None:
        for each in (self._folder, folder):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)


def _files(folder: Path) -> Iterator[tuple[float, int, str]]:
    """When each file was asked for last, what it takes on the disk, and where it is."""
    for inside in _scan(folder):
        for entry in _scan(Path(inside.path)) if inside.is_dir() else ():
            with suppress(OSError):
                seen = entry.stat()
                yield seen.st_mtime, seen.st_blocks * 512, entry.path


def _scan(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
