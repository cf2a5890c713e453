"""Which backup a restore begins with, and what else of the same history there is elsewhere."""

from datetime import UTC, datetime
from typing import NamedTuple

from kaipiao.continuity.backup.shelf import Backup, Series, Shelf
from kaipiao.continuity.backup.take import ended_before
from kaipiao.continuity.backup.wrong import BackupWrong


class Plan(NamedTuple):
    """What to restore: ``backup`` of ``series``, replayed to ``at`` (None: to the last moment).

    ``more`` are other copies of this history: their streams fill the holes of ours.
    """

    series: Series
    backup: Backup
    at: datetime | None
    more: tuple[Series, ...] = ()


def plan_restore(shelf: Shelf, at: datetime | None, others: list[Shelf]) -> Plan:
    """Raises BackupWrong: there is no backup that leads there, or nothing of it elsewhere."""
    series, backup = choose(shelf, at)
    more = tuple(one for other in others for one in same_history(other, backup))
    if others and not more:
        names = ", ".join(str(other.path) for other in others)
        raise BackupWrong(
            zh=f"{names} 中没有同一段历史的备份 (备份 {backup.name})。请去掉 --with, 或另指目录。",
            en=f"Nothing in {names} is of the same history as backup {backup.name}. Leave --with "
            "out, or name another folder.",
        )
    return Plan(series, backup, at, more)


def same_history(shelf: Shelf, backup: Backup) -> list[Series]:
    """What is of the very history of ``backup`` there: a cell's since it was made or restored."""
    return [
        series
        for series in shelf.series()
        if backup.history and any(one.history == backup.history for one in series.backups())
    ]


def choose(shelf: Shelf, at: datetime | None) -> tuple[Series, Backup]:
    """The newest backup that ended at ``at`` or before; None: the newest.

    Raises:
        BackupWrong: there is none; it says which is the oldest.
    """
    backups = shelf.backups()
    if (place := ended_before(backups, at)) >= 0:
        return backups[place]
    if not backups:
        raise BackupWrong(
            zh=f"{shelf.path} 中没有备份。做一次: kaipiao backup --folder {shelf.path}",
            en=f"There is no backup in {shelf.path}. "
            f"To make one: kaipiao backup --folder {shelf.path}",
        )
    oldest = spell(backups[0][1].ended_at)
    raise BackupWrong(
        zh=f"最早的备份结束于 {oldest}, 无法恢复到更早。请用 --to {oldest} 或更晚的时间。",
        en=f"The oldest backup ended at {oldest}; nothing leads further back. Give that moment or "
        f"a later one: --to {oldest}",
    )


def spell(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
