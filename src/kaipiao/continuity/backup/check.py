"""Whether a backup is what it was: every file of it, and of all that it builds upon.

``pg_verifybackup`` looks at what is there and at the log inside; the bytes of the files are hashed
here, on every core at once, because a restore waits for it.
"""

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import msgspec

from kaipiao.continuity.backup.saying import Progress
from kaipiao.continuity.backup.shelf import Backup, Series
from kaipiao.continuity.backup.tools import Tools
from kaipiao.continuity.backup.wrong import BackupWrong

MANIFEST = "backup_manifest"
BLOCK_BYTES = 1 << 20


class _File(msgspec.Struct, rename="pascal"):
    size: int
    checksum: str
    checksum_algorithm: str = msgspec.field(name="Checksum-Algorithm")
    path: str = ""
    encoded_path: str = msgspec.field(name="Encoded-Path", default="")  # hex: it is no UTF-8


class _Manifest(msgspec.Struct):
    files: list[_File] = msgspec.field(name="Files")


class Piece(NamedTuple):
    """A file that was backed up, and what its SHA-256 was."""

    path: Path
    size: int
    sha256: str


def find_chain(series: Series, backup: Backup) -> list[Backup]:
    """All that ``backup`` builds upon, and itself.  Raises BackupWrong: one of them is gone."""
    try:
        return series.chain(backup)
    except KeyError as missing:
        name = missing.args[0]
        raise BackupWrong(
            zh=f"备份 {backup.name} 依赖的 {name} 不见了。请从另一份恢复: kaipiao backup list",
            en=f"Backup {backup.name} builds upon {name}, which is gone. Restore from another: "
            "kaipiao backup list",
        ) from None


def check_bases(bases: list[Path], tools: Tools, progress: Progress) -> None:
    """Every file of these base backups is what it was.

    Raises:
        BackupWrong: one is not, or is missing.
    """
    for base in bases:
        tools.run("pg_verifybackup", "--quiet", "--exit-on-error", "--skip-checksums", base)
    check_pieces([piece for base in bases for piece in read_manifest(base)], progress)


def read_manifest(base: Path) -> Iterator[Piece]:
    """Every file that the backup's own manifest names.

    Raises:
        BackupWrong: the manifest cannot be read, or is not of SHA-256.
    """
    try:
        told = msgspec.json.decode((base / MANIFEST).read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise _damaged(base / MANIFEST, str(error)) from None
    for one in told.files:
        name = os.fsdecode(bytes.fromhex(one.encoded_path)) if one.encoded_path else one.path
        if one.checksum_algorithm != "SHA256":
            raise _damaged(base / name, one.checksum_algorithm)
        yield Piece(base / name, one.size, one.checksum)


def check_pieces(pieces: list[Piece], progress: Progress) -> None:
    """Hash all of them, the largest first.  Raises BackupWrong at the first that is another."""
    total, done, lock = sum(piece.size for piece in pieces), 0, Lock()

    def check(piece: Piece) -> None:
        nonlocal done
        _check_piece(piece)
        with lock:
            done += piece.size
            progress(done, total)

    largest_first = sorted(pieces, key=lambda piece: piece.size, reverse=True)
    pool = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="check")
    try:
        for _ in pool.map(check, largest_first):
            pass
    finally:
        pool.shutdown(cancel_futures=True)


def _check_piece(piece: Piece) -> None:
    try:
        found = hash_file(piece.path)
    except OSError as error:
        raise _damaged(piece.path, str(error)) from None
    if found != piece.sha256:
        raise _damaged(piece.path, "checksum mismatch")


def hash_file(path: Path) -> str:
    """SHA-256 of a file that is no link; other threads run meanwhile."""
    digest, block = hashlib.sha256(), bytearray(BLOCK_BYTES)
    view = memoryview(block)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        while size := os.readv(handle, [block]):
            digest.update(view[:size])
    finally:
        os.close(handle)
    return digest.hexdigest()


def _damaged(path: Path, why: str) -> BackupWrong:
    return BackupWrong(
        zh=f"备份文件已损坏: {path}: {why}。请从另一份恢复: kaipiao backup list",
        en=f"A file of the backup is damaged: {path}: {why}. Restore from another: "
        "kaipiao backup list",
    )
