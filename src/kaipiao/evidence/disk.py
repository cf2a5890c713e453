"""Files that survive a power cut, or were never there.

A file is written beside its place, forced to the disk, renamed, and its folder forced to the
disk too: whoever sees the name sees all the bytes, before and after any crash.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

SYNC_THREADS = 8
"""Forcing many files at once lets the file system do it in one go: 3 times faster, measured."""
LOCK_NAME = ".lock"

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


class FolderBusy(Exception):
    """Another process writes this log.  Two writers would be two logs."""


class Disk(Protocol):
    """One folder.  Names are relative, with slashes.  Every method may raise OSError."""

    def lock(self) -> None:
        """Become the only writer, until ``unlock`` or the end of this process.

        Raises:
            FolderBusy: someone else is.
        """
        ...

    def unlock(self) -> None: ...

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, content: bytes) -> None:
        """Create or overwrite; not durable yet.  Missing folders are made."""
        ...

    def rename(self, old: str, new: str) -> None: ...

    def sync(self, names: Sequence[str]) -> None:
        """Force the contents of files, or the entries of folders, to the disk."""
        ...

    def drop_folder(self, name: str) -> None:
        """Remove a folder and all that is in it, if it is there."""
        ...


def write_whole(disk: Disk, files: Mapping[str, bytes]) -> None:
    """Each file is there, whole; after a power cut it may be missing or damaged."""
    for name, content in files.items():
        disk.write(f"{name}.new", content)
        disk.rename(f"{name}.new", name)


def force(disk: Disk, names: Collection[str]) -> None:
    """Make files that are there durable, content and name."""
    if names:
        disk.sync(sorted(names))
        disk.sync(sorted(_folders(names)))


def write_durably(disk: Disk, files: Mapping[str, bytes]) -> None:
    """Each file is there, whole and durable, when this returns; none is ever there in part."""
    for name, content in files.items():
        disk.write(f"{name}.new", content)
    disk.sync([f"{name}.new" for name in files])
    for name in files:
        disk.rename(f"{name}.new", name)
    disk.sync(sorted(_folders(files)))


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do slow work beside the loop, and never leave it running behind a cancelled caller.

    A caller who gave up would give up the folder's lock too, while a thread still writes there.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise


async def both(one: Awaitable[T], other: Awaitable[U]) -> tuple[T, U]:
    """Both results; if one fails its error, but only once the other has come to its end."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


def _folders(names: Iterable[str]) -> set[str]:
    """Every folder above these files; ``""`` is the folder of the log itself."""
    return {name[:at] for name in names for at in (0, *_slashes(name))}


def _slashes(name: str) -> list[int]:
    return [at for at, letter in enumerate(name) if letter == "/"]


class LocalDisk:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: int | None = None
        self._threads = ThreadPoolExecutor(SYNC_THREADS, thread_name_prefix="log-sync")

    def lock(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            raise FolderBusy(f"another process writes the log in {self._folder}") from error
        self._lock = descriptor

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        path = self._folder / name
        try:
            path.write_bytes(content)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def rename(self, old: str, new: str) -> None:
        (self._folder / old).replace(self._folder / new)

    def sync(self, names: Sequence[str]) -> None:
        for _ in self._threads.map(self._force, names):
            pass  # drawing the results raises what a thread raised

    def drop_folder(self, name: str) -> None:
        with suppress(FileNotFoundError):
            shutil.rmtree(self._folder / name)

    def _force(self, name: str) -> None:
        descriptor = os.open(self._folder / name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
