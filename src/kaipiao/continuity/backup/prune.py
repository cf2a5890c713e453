"""Taking away what no restore needs any more.

Kept: every backup younger than the days asked for, the newest one always, and all that these build
upon; and the stream from the oldest of them on.
"""

import shutil
from datetime import datetime, timedelta

from kaipiao.continuity.backup.shelf import Backup, Series
from kaipiao.continuity.backup.wal import SEGMENT, segment_number


def to_prune(series: Series, now: datetime, *, keep_days: int) -> list[Backup]:
    """The backups that may go, the oldest first."""
    backups = series.backups()
    young = [one for one in backups if one.ended_at > now - timedelta(days=keep_days)]
    wanted = [*young, *backups[-1:]]
    kept = {link.name for one in wanted for link in series.chain(one)}
    return [one for one in backups if one.name not in kept]


def prune(series: Series, now: datetime, *, keep_days: int) -> list[Backup]:
    """Remove them, and the stream before what is left.  Raises BackupWrong: a backup is running."""
    with series.alone():
        gone = to_prune(series, now, keep_days=keep_days)
        # The newest first: if we crash in between, no chain that is left lacks its beginning.
        for one in reversed(gone):
            shutil.rmtree(series.cell(one.name))
            shutil.rmtree(series.base(one.name))
        _prune_stream(series)
        return gone


def _prune_stream(series: Series) -> None:
    left = [segment_number(one.segment) for one in series.backups()]
    if not left:
        return
    for path in series.wal.glob("*"):
        name = path.name.removesuffix(".partial")
        if SEGMENT.fullmatch(name) and segment_number(name) < min(left):
            path.unlink()
