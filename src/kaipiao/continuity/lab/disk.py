"""A small disk for one member: a file system in a file, so that it can be full or slow alone."""

import subprocess
from contextlib import suppress
from pathlib import Path

from kaipiao.continuity.lab.refused import LabRefused

MIN_MB = 64
IMAGE = "disk.img"


def mount(where: Path, *, size_mb: int | None) -> None:
    """An ext4 of ``size_mb`` under ``where``; the one that is there already stays."""
    if where.is_mount():
        return
    image = where.with_name(IMAGE)
    where.mkdir(parents=True, exist_ok=True)
    if not image.exists():
        _format(image, max(size_mb or MIN_MB, MIN_MB))
    _run("mount", "-o", "loop", str(image), str(where))
    with suppress(FileNotFoundError):
        (where / "lost+found").rmdir()  # initdb wants an empty folder


def unmount(where: Path) -> None:
    """Thaw and unmount; nothing if it is not mounted.  The image stays, with the data."""
    if not where.is_mount():
        return
    thaw(where)
    _run("umount", str(where))


def thaw(where: Path) -> None:
    """Let writes go on.  Harmless if they do."""
    subprocess.run(["fsfreeze", "-u", str(where)], capture_output=True, check=False)


def _format(image: Path, size_mb: int) -> None:
    with image.open("wb") as file:
        file.truncate(size_mb << 20)
    _run("mkfs.ext4", "-q", "-m", "0", str(image))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip()
        raise LabRefused(
            zh=f"{' '.join(command)} 失败: {said}",
            en=f"{' '.join(command)} failed: {said}",
        )
