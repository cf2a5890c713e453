"""What belongs to a cell and is not in its database.

Carried: keys and passwords (``secrets/``, 0600 as they are), settings (``config.json``, vendors,
witness policy), the archive of old batches, the newest checkpoints.  Not carried: the evidence
folder (made again from the ledger), renditions, logs.

**Whoever has a backup has the cell's keys.**  Keep it as you keep the cell.
"""

import os
import shutil
from pathlib import Path

from kaipiao.base.durable import write_whole
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, STAMPED_NAME, WITNESSED_NAME

SECRETS = "secrets"
LOGS = ("evidence", "audit")
CHECKPOINTS = (CHECKPOINT_NAME, WITNESSED_NAME, STAMPED_NAME)
SETTINGS = ("config.json", "vendors.json", "witness-policy", "tsa.pem")


def carry_cell(data: Path, into: Path) -> None:
    """Copy keys and settings into an empty folder of ours."""
    shutil.copytree(data / SECRETS, into / SECRETS)
    (into / SECRETS).chmod(0o700)
    for name in SETTINGS:
        if (data / name).is_file():
            shutil.copy2(data / name, into / name)


def carry_checkpoints(data: Path, seen: Path) -> None:
    """Keep the newest words of both logs: what a restored cell is held against."""
    for log in LOGS:
        (seen / log).mkdir(parents=True, exist_ok=True)
        for name in CHECKPOINTS:
            if (data / log / name).exists():
                write_whole(seen / log / name, (data / log / name).read_bytes(), mode=0o644)


def carry_archive(data: Path, archive: Path) -> int:
    """Copy files of the archive that are not here or are others now; how many."""
    copied = 0
    for source in sorted((data / "archive").rglob("*")):
        there = archive / source.relative_to(data / "archive")
        if source.is_file() and not _is_same(source, there):
            there.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            draft = there.with_name(there.name + ".new")
            shutil.copy2(source, draft)
            draft.rename(there)
            copied += 1
    return copied


def _is_same(one: Path, other: Path) -> bool:
    if not other.exists():
        return False
    a, b = one.stat(), other.stat()
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def put_back(cell: Path, archive: Path, seen: Path, data: Path) -> None:
    """Lay out a cell's own files in its new data folder."""
    shutil.copytree(cell / SECRETS, data / SECRETS, dirs_exist_ok=True)
    (data / SECRETS).chmod(0o700)
    for name in SETTINGS:
        if (cell / name).exists():
            shutil.copy2(cell / name, data / name)
    if archive.exists():
        shutil.copytree(archive, data / "archive", dirs_exist_ok=True)
        (data / "archive").chmod(0o700)
    for log in LOGS:
        if (seen / log).exists():
            shutil.copytree(seen / log, data / log, dirs_exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Force all files below, and their names, to the disk."""
    for where, _, names in os.walk(folder):
        for path in (where, *(os.path.join(where, name) for name in names)):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
