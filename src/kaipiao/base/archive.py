"""Zip packages from strangers, read safely, in memory.

Bounded before anything is unpacked (bytes, entries, declared sizes, ratio) and again while
unpacking, because a package may lie about its sizes.  Nothing is written to disk; names that
lead out of the package are refused all the same, as are two entries of one name, of which
two programs would read different ones.
"""

import io
import struct
import zipfile
import zlib
from typing import NamedTuple

from kaipiao.base.unreadable import Unreadable


class Limits(NamedTuple):
    """Bytes as they come, entries, bytes unpacked in all, of one entry, and times larger."""

    packed_bytes: int = 16 * 2**20
    entries: int = 2_000
    unpacked_bytes: int = 48 * 2**20
    ratio: int = 250
    entry_bytes: int | None = None  # None: as much as all


DOCUMENT = Limits(entry_bytes=16 * 2**20)
"""More than any one invoice needs."""

SMALL = 2**20
"""Below this many bytes unpacked no ratio is a bomb: a page of equal lines packs very well."""

_LISTED = b"PK\x01\x02"
"""Before every entry of a package's list.  Counted first: listing a million takes 500 MB."""

_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)
"""All that ``zipfile`` was found to raise for damaged packages."""


def is_zip(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


class Archive:
    """The entries of one package.

    Raises (from every method):
        Unreadable: not a zip, damaged, encrypted, past a limit, or no such entry.
    """

    def __init__(self, data: bytes, limits: Limits = DOCUMENT) -> None:
        if len(data) > limits.packed_bytes or data.count(_LISTED) > 2 * limits.entries:
            raise _bomb("")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _FAULTS:
            raise _damaged("") from None
        self._entries = _bounded(self._zip.infolist(), limits)

    @property
    def names(self) -> tuple[str, ...]:
        """Every file, folders left out, in the order of the package."""
        return tuple(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        entry = self._entries.get(name)
        if entry is None:
            raise Unreadable(
                name, zh="文件包中缺少该文件。", en="the package names this part and lacks it."
            )
        try:
            with self._zip.open(entry) as file:
                data = file.read(entry.file_size + 1)
        except _FAULTS:
            raise _damaged(name) from None
        if len(data) != entry.file_size:
            raise _damaged(name)
        return data


def _bounded(entries: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    total = 0
    bounded: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        total += entry.file_size
        dense = entry.file_size > SMALL and entry.file_size > limits.ratio * entry.compress_size
        large = limits.entry_bytes is not None and entry.file_size > limits.entry_bytes
        if dense or large or total > limits.unpacked_bytes or len(bounded) >= limits.entries:
            raise _bomb(entry.filename)
        if entry.is_dir():
            continue
        if _is_foul(entry) or entry.filename in bounded:
            raise _damaged(entry.filename)
        bounded[entry.filename] = entry
    return bounded


def _is_foul(entry: zipfile.ZipInfo) -> bool:
    """Encrypted, packed in an odd way, or a name that leads out of the package."""
    encrypted = entry.flag_bits & 0x1
    odd = entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    leads_out = entry.filename.startswith("/") or ".." in entry.filename.split("/")
    return bool(encrypted or odd or leads_out or "\\" in entry.filename or ":" in entry.filename)


def _bomb(where: str) -> Unreadable:
    return Unreadable(
        where, zh="文件包超出读取上限。", en="the package is larger than we read, or unpacks to it."
    )


def _damaged(where: str) -> Unreadable:
    return Unreadable(
        where,
        zh="文件包已损坏或含有不允许的内容。请重新获取原始文件。",
        en="the package is damaged or holds what it may not. Get the original file again.",
    )
