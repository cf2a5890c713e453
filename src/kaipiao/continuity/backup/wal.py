"""The files of the database's log (WAL), by their names.

``0000000100000002000000FE``: timeline, then two numbers that count in the order of the log: 256
files of 16 MB to one of the first.  ``.partial`` is the newest of a stream, not full yet.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from kaipiao.continuity.backup.shelf import Backup, Series
from kaipiao.continuity.backup.wrong import BackupWrong

SEGMENT = re.compile("[0-9A-F]{24}")
PARTIAL = ".partial"
BLOCK_BYTES = 1 << 20


def segment_number(name: str) -> int:
    """In the order of the log; files have 16 MB, 256 to a number in the middle."""
    return int(name[8:16], 16) * 256 + int(name[16:24], 16)


def segments_in(folder: Path) -> set[int]:
    """The places of the WAL files here, whole or partial, of any timeline."""
    names = (path.name.removesuffix(PARTIAL) for path in folder.glob("*"))
    return {segment_number(name) for name in names if SEGMENT.fullmatch(name)}


def check_stream(series: Series, backup: Backup, more: Iterable[Path] = ()) -> None:
    """No file is missing between the backup and the newest: the server would stop there quietly.

    ``more`` are other folders of the same stream.

    Raises:
        BackupWrong: one is.
    """
    held = segments_in(series.base(backup.name) / "pg_wal")
    held = held.union(*(segments_in(folder) for folder in (series.wal, *more)))
    first = segment_number(backup.segment)
    wanted = range(first, max(held, default=first) + 1)
    if missing := [number for number in wanted if number not in held]:
        name = f"{backup.segment[:8]}{missing[0] // 256:08X}{missing[0] % 256:08X}"
        raise BackupWrong(
            zh=f"备份流缺少 {len(missing)} 个文件, 第一个是 {name}。它之后的内容无法恢复; "
            "若另有一份备份流, 请加 --with 目录; 否则可用 --to 恢复到它之前的时间。",
            en=f"{len(missing)} files of the stream are missing, {name} first. Nothing after it "
            "can be restored. If there is another copy of the stream, name it: --with DIR; "
            "otherwise give a moment before it: --to TIME",
        )


def furthest_first(folders: Iterable[Path]) -> list[Path]:
    """In the order in which a server should look: who has received most stands first."""
    return sorted(folders, key=reach, reverse=True)


def reach(folder: Path) -> tuple[int, int]:
    """How far a stream has come: the place of its newest file, and the bytes received of that.

    What was not received yet is zeros: pg_receivewal makes each file with its whole length.
    """
    files = [p for p in folder.glob("*") if SEGMENT.fullmatch(p.name.removesuffix(PARTIAL))]
    if not files:
        return (-1, 0)
    newest = max(segment_number(path.name) for path in files)
    ends = (_end_of(path) for path in files if segment_number(path.name) == newest)
    return newest, max(ends)


def _end_of(path: Path) -> int:
    """Behind the last byte that is not zero."""
    with path.open("rb") as file:
        at = path.stat().st_size
        while at > 0:
            start = max(0, at - BLOCK_BYTES)
            file.seek(start)
            if kept := file.read(at - start).rstrip(b"\0"):
                return start + len(kept)
            at = start
    return 0
