"""Taking one backup.

The order is the safety argument:

1. base      pg_basebackup writes beside its place; the log it needs to be consistent is in it
2. cell      keys, settings, archive and checkpoints, after the base: they may be newer, never older
3. rename    base, then cell; a crash before the last leaves a draft, which the next run removes
"""

import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.backup.carried import (
    carry_archive,
    carry_cell,
    carry_checkpoints,
    sync_folder,
)
from kaipiao.continuity.backup.shelf import DRAFT, NAME_FORM, NOTE_NAME, Backup, Series, size_of
from kaipiao.continuity.backup.tools import Reach, Tools
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.ports import Clock

FULL_EVERY = 7
"""A whole one after so many: that is how many a restore reads at most."""

OLDEST_INCREMENTAL = 17
"""The first major version whose server knows what changed."""


class Cell(NamedTuple):
    """Whose backup it is."""

    data: Path
    area: int
    log_origin: str
    history: str


def take_backup(
    series: Series, cell: Cell, tools: Tools, reach: Reach, clock: Clock, *, full: bool = False
) -> Backup:
    """Take a backup now; only what changed, if there is something to build upon.

    Raises:
        BackupWrong: pg_basebackup failed; nothing was added.
    """
    with series.alone():
        make_room(series, tools)
        _clear_drafts(series)
        return _take(series, cell, tools, reach, clock, full=full)


def _take(
    series: Series, cell: Cell, tools: Tools, reach: Reach, clock: Clock, *, full: bool
) -> Backup:
    began_at = clock.now()
    parent = None if full else _parent(series, tools)
    name = began_at.strftime(NAME_FORM)
    draft = tools.make(series.base(name + DRAFT))
    try:
        parent = _take_base(series, tools, reach, draft, parent)
        backup = Backup(
            name=name,
            series=series.name,
            parent=parent.name if parent else "",
            began_at=began_at,
            ended_at=clock.now(),
            bytes=size_of(draft),
            segment=first_segment(draft),
            version=tools.programs.version,
            area=cell.area,
            log_origin=cell.log_origin,
            history=cell.history,
        )
        _keep(series, cell, backup)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return backup


def make_room(series: Series, tools: Tools) -> None:
    """The folders of a series: ours, and inside them the server's user's."""
    series.path.mkdir(exist_ok=True)
    series.path.chmod(0o711)
    for place in (series.path / "cell", series.seen):
        place.mkdir(mode=0o700, exist_ok=True)
    (series.path / "base").mkdir(exist_ok=True)
    (series.path / "base").chmod(0o711)
    tools.make(series.wal)


def _clear_drafts(series: Series) -> None:
    """Away with what an earlier run left unfinished."""
    whole = {backup.name for backup in series.backups()}
    for draft in (*series.path.glob("base/*"), *series.path.glob("cell/*")):
        if draft.name not in whole:
            shutil.rmtree(draft)


def _parent(series: Series, tools: Tools) -> Backup | None:
    """What to build upon: the newest one, unless its chain is long enough."""
    backups = series.backups()
    if not backups or tools.programs.major < OLDEST_INCREMENTAL:
        return None
    return backups[-1] if len(series.chain(backups[-1])) < FULL_EVERY else None


def _take_base(
    series: Series, tools: Tools, reach: Reach, draft: Path, parent: Backup | None
) -> Backup | None:
    """Run pg_basebackup; what the result builds upon.

    A server that no longer knows what changed since the parent makes a whole one instead.
    """
    how = [*reach.arguments, "-D", draft, "--checkpoint=fast", "--wal-method=stream"]
    how += ["--manifest-checksums=SHA256", "--no-password"]
    if parent:
        manifest = series.base(parent.name) / "backup_manifest"
        try:
            tools.run("pg_basebackup", *how, f"--incremental={manifest}", secret=reach.secret)
            return parent
        except BackupWrong as wrong:
            if "summar" not in wrong.en and "timeline" not in wrong.en:
                raise
            shutil.rmtree(draft)
            tools.make(draft)
    tools.run("pg_basebackup", *how, secret=reach.secret)
    return None


def first_segment(base: Path) -> str:
    """The WAL file with which the replay of this base backup begins, by its own label."""
    label = (base / "backup_label").read_text(encoding="utf-8")
    found = re.search(r"^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)$", label, re.MULTILINE)
    assert found, label
    return found[1]


def _keep(series: Series, cell: Cell, backup: Backup) -> None:
    draft = series.cell(backup.name + DRAFT)
    draft.mkdir(mode=0o700)
    carry_cell(cell.data, draft)
    carry_archive(cell.data, series.archive)
    carry_checkpoints(cell.data, series.seen)
    write_whole(draft / NOTE_NAME, msgspec.json.encode(backup))
    sync_folder(draft)
    # If we crash between the two, the base has no note and the next run removes it.
    series.base(backup.name + DRAFT).rename(series.base(backup.name))
    draft.rename(series.cell(backup.name))


def ended_before(backups: list[tuple[Series, Backup]], at: datetime | None) -> int:
    """The place of the newest backup from which ``at`` can be reached; -1 if there is none."""
    fit = [n for n, (_, one) in enumerate(backups) if at is None or one.ended_at <= at]
    return fit[-1] if fit else -1
