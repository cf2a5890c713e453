"""One file of the archive: all batches of one partition, one after the other.

    head    "kaipiao archive 1\\n"
    frames  one a batch, by first serial: a msgpack array
            [series, first serial, count, issued at in µs, secret (32), payload (``batch.py``)]
    index   56 bytes a frame, big-endian: first serial (8), place (8), length (4), count (4),
            SHA-256 of the frame (32)
    tail    30 bytes: place of the index (8), frames (8), "kaipiao end 1\\n"

Leaves are not in it: they can be made again from what is.  Whoever reads a frame checks its
digest, so bytes that rot are an error and never another invoice.
"""

import hashlib
import os
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from kaipiao.fiscal.leaf import leaf_of, microseconds
from kaipiao.fiscal.number import Series
from kaipiao.ledger.batch import Blob, Unpacked

HEAD = b"kaipiao archive 1\n"
END = b"kaipiao end 1\n"
_ENTRY = struct.Struct(">QQII32s")
_TAIL = struct.Struct(">QQ14s")
_FIRST_SERIAL = struct.Struct(">Q")

SYNC_EVERY_BYTES = 8 << 20
"""Forced to the disk in such pieces: one large piece would make commits beside us wait for it."""


class ArchiveDamaged(Exception):
    """A file of the archive is not what it was when it was proved.  Bring back a copy."""


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """One batch, as its row in ``batch`` was."""

    series: int
    first_serial: int
    count: int
    issued_us: int
    secret: bytes
    payload: bytes

    def unpack(self, first_index: int | None) -> Unpacked:
        return Unpacked(
            series=Series(self.series),
            first_serial=self.first_serial,
            count=self.count,
            issued_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.issued_us),
            secret=self.secret,
            stored=Blob(self.payload),
            first_index=first_index,
        )


class Entry(msgspec.Struct, frozen=True):
    """Where a frame lies."""

    first_serial: int
    place: int
    length: int
    count: int
    sha256: bytes


class Sealed(msgspec.Struct, frozen=True):
    """A file that is complete and durable."""

    size: int  # in bytes
    sha256: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


class Writer:
    """Writes ``path`` beside its place; only ``seal`` gives it its name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = path.with_name(f"{path.name}.new")
        self._beside.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file = os.fdopen(os.open(self._beside, flags, 0o600), "wb")
        self._index: list[bytes] = []
        self._hash = hashlib.sha256()
        self._place = self._synced = 0
        self._last_serial = -1
        self._write(HEAD)

    def add(self, frame: Frame) -> None:
        """Frames come by rising first serial."""
        assert frame.first_serial > self._last_serial
        self._last_serial = frame.first_serial
        content = _encode(frame)
        sha256 = hashlib.sha256(content).digest()
        place = self._place, len(content), frame.count
        self._index.append(_ENTRY.pack(frame.first_serial, *place, sha256))
        self._write(content)
        if self._place - self._synced >= SYNC_EVERY_BYTES:
            self._sync()

    def seal(self) -> Sealed:
        """Index and tail; then the file is durable, under its name."""
        index = b"".join(self._index)
        tail = _TAIL.pack(self._place, len(self._index), END)
        self._write(index)
        self._write(tail)
        self._sync()
        # So that whoever reads it back reads the disk and not what we have just written.
        os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._file.close()
        self._beside.rename(self._path)
        sync_folder(self._path.parent)
        return Sealed(self._place, self._hash.digest())

    def close(self) -> None:
        """Give up; what was begun is written over by the next attempt."""
        self._file.close()

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._hash.update(content)
        self._place += len(content)

    def _sync(self) -> None:
        self._file.flush()
        os.fdatasync(self._file.fileno())
        self._synced = self._place


class Reader:
    """Reads one file, with ``pread`` only: a file that is cut short under us is an error.

    Raises (from every method):
        ArchiveDamaged: it is not whole.
        OSError: it is not there, or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._read_tail(os.fstat(self._handle).st_size)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._handle)

    def find(self, first_serial: int) -> Frame:
        """The batch that begins there."""
        low, high = 0, self._frames
        while low < high:
            middle = (low + high) // 2
            place: int = self._index + middle * _ENTRY.size
            (found,) = _FIRST_SERIAL.unpack(self._read(place, _FIRST_SERIAL.size))
            low, high = (middle + 1, high) if found < first_serial else (low, middle)
        if low == self._frames or (entry := self._entry(low)).first_serial != first_serial:
            raise self._damaged(f"it has no batch {first_serial}")
        return self._frame(entry)

    def frames(self) -> Iterator[Frame]:
        """All of them, in order."""
        for number in range(self._frames):
            yield self._frame(self._entry(number))

    def _read_tail(self, size: int) -> None:
        if size < len(HEAD) + _TAIL.size or self._read(0, len(HEAD)) != HEAD:
            raise self._damaged("it does not begin as one")
        tail = self._read(size - _TAIL.size, _TAIL.size)
        self._index, self._frames, end = _TAIL.unpack(tail)
        if end != END or self._index + self._frames * _ENTRY.size + _TAIL.size != size:
            raise self._damaged("it does not end as one")

    def _entry(self, number: int) -> Entry:
        return Entry(*_ENTRY.unpack(self._read(self._index + number * _ENTRY.size, _ENTRY.size)))

    def _frame(self, entry: Entry) -> Frame:
        content = self._read(entry.place, entry.length)
        if hashlib.sha256(content).digest() != entry.sha256:
            raise self._damaged(f"batch {entry.first_serial} has another digest")
        frame = _decode(content)
        if (frame.first_serial, frame.count) != (entry.first_serial, entry.count):
            raise self._damaged(f"batch {entry.first_serial} is another one")
        return frame

    def _read(self, place: int, length: int) -> bytes:
        content = os.pread(self._handle, length, place)
        if len(content) != length:
            raise self._damaged("it is cut short")
        return content

    def _damaged(self, why: str) -> ArchiveDamaged:
        return ArchiveDamaged(f"{self._path}: {why}")


def leaves_of(batch: Unpacked) -> list[bytes]:
    """The batch's leaves, made again from its invoices; an erased one's is taken as it is kept."""
    issued_us = microseconds(batch.issued_at)
    leaves: list[bytes] = []
    for place, serial in enumerate(batch.serials):
        if batch.is_erased(serial):
            leaves.append(batch.stored[place].asked)  # all that is left of it
            continue
        receipt, _ = batch.receipt(serial)
        salt = batch.salt(serial)
        leaves.append(leaf_of(receipt.number, issued_us, receipt.totals, receipt.digest, salt))
    return leaves


def file_digest(path: Path) -> bytes:
    """SHA-256 of the whole file."""
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").digest()


def write_whole(path: Path, content: bytes) -> None:
    """A small file, durable and whole, or not there."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Ours alone, and durable itself."""
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
