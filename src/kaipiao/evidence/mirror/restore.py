"""The way back: a lost log is made again from a copy, proved, and only then put in its place.

1. copy     into a folder beside; interrupted, it goes on where it was
2. audit    every tile and entry of it, once more, from the signed root down
3. witness  the last tree that others saw must be the beginning of it, and so must whatever
            signed checkpoint is left of the lost log
4. swap     two renames; the lost folder is kept beside it

Nothing is signed here.  When the cell starts on it, its ledger must lead to the same root.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from kaipiao.evidence.audit import audit_log
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME, Checkpoint
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.exhibits import Exhibits
from kaipiao.evidence.mirror.copy import Copier, Progress, Read, in_silence
from kaipiao.evidence.mirror.shelf import NotSigned, Shelf
from kaipiao.evidence.note import Standing, VerifierKey, parse_note
from kaipiao.evidence.walk import Spread, in_turn
from kaipiao.ports import Clock


class CopyFallsShort(Exception):
    """The copy is genuine, and not the log that was witnessed, or not all of it."""


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """``witnessed`` is the size up to which others had seen the log; None if nobody was asked."""

    checkpoint: Checkpoint
    witnessed: int | None
    lost: Path | None  # where the lost folder lies now, if there was one


def restore(
    read: Read,
    folder: Path,
    keys: Sequence[VerifierKey],
    *,
    clock: Clock,
    witnessed: bytes | None = None,
    progress: Progress = in_silence,
    spread: Spread = in_turn,
) -> Restored:
    """Make the log in ``folder`` again out of what ``read`` gives.

    ``witnessed`` is a signed checkpoint that others have seen.  The caller makes sure that no
    cell runs on the folder.

    Raises:
        CopyFallsShort: nothing was put in place.
        SourceRefused, NotSigned, TilesDamaged, OSError: as ``Copier.advance``.
    """
    beside = folder.with_name(f"{folder.name}.restoring")
    disk = LocalDisk(beside)
    disk.lock()
    try:
        exhibits = Exhibits(folder.with_name(f"{folder.name}.refused"))
        copier = Copier(read, disk, keys, exhibits=exhibits, clock=clock, spread=spread)
        checkpoint = copier.advance(progress).checkpoint
        _audit(disk.read, keys)
        seen = copier.shelf.signed(witnessed) if witnessed is not None else None
        for older, what in ((seen, "witnessed"), (_left_over(folder, keys), "published")):
            if older is not None:
                _check_covers(copier, checkpoint, older, what)
        lost = _swap(beside, folder)
    except CopyFallsShort:
        shutil.rmtree(beside)  # else another source would be held against this one
        raise
    finally:
        disk.unlock()
    return Restored(checkpoint=checkpoint, witnessed=seen.size if seen else None, lost=lost)


def _audit(read: Callable[[str], bytes], keys: Sequence[VerifierKey]) -> None:
    """Raises CopyFallsShort: a fault was found, which the copier must have let pass."""
    raw = read(CHECKPOINT_NAME)
    note = parse_note(raw.decode())
    key = next(key for key in keys if key.standing(note) is Standing.SIGNED)
    if faults := audit_log(read, raw, key).faults:
        raise CopyFallsShort("; ".join(map(str, faults[:5])))


def _left_over(folder: Path, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """The signed checkpoint in the lost folder, if that much of it can still be read."""
    try:
        found = Shelf(LocalDisk(folder), keys).held()
    except (OSError, NotSigned):
        return None
    return found[0] if found else None


def _check_covers(copier: Copier, copy: Checkpoint, older: Checkpoint, what: str) -> None:
    if older.size > copy.size:
        raise CopyFallsShort(f"{older.size} entries were {what}, the copy has {copy.size}")
    if copier.root_at(older.size, copy.size) != older.root:
        raise CopyFallsShort(f"the {older.size} entries that were {what} have another root")


def _swap(beside: Path, folder: Path) -> Path | None:
    lost = None
    if folder.exists() and any(folder.iterdir()):
        lost = _unused(folder)
        folder.rename(lost)
    beside.rename(folder)
    LocalDisk(folder.parent).sync([""])
    return lost


def _unused(folder: Path) -> Path:
    number = 1
    while (lost := folder.with_name(f"{folder.name}.lost-{number}")).exists():
        number += 1
    return lost
