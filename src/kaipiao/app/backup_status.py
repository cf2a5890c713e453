"""How the backups of a cell stand, as who keeps them wrote it down, judged."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder
from kaipiao.app.health import read_backed_up
from kaipiao.app.settings import Settings
from kaipiao.gateway.wiring import BackedUp

TOLD_LATE_S = 30.0
"""Its keeper writes every two seconds; silent for so long, it does not run."""

COPY_LATE_S = 60.0
"""A copy that has not caught up for so long is behind; on a healthy line it is a second or two."""

Place = Literal["first", "second"]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One folder.  ``copy_age_s``: how old the newest byte is that is surely there: what would be
    lost now, in seconds, if this were the only copy left.
    """

    folder: str
    place: Place
    is_well: bool
    newest_age_s: float | None
    copy_age_s: float | None
    stream_lag_bytes: int | None
    told_age_s: float | None
    trouble: str


def read_standing(settings: Settings) -> list[Standing]:
    """Of each folder that the cell is told to back itself up into, the second being far away."""
    told = {one.folder: one for one in read_backed_up(CellFolder(settings.data))}
    now = SystemClock().now()
    named: list[tuple[Place, str]] = [
        ("first", settings.backup_folder),
        ("second", settings.backup_second_folder),
    ]
    return [
        judge(place, Path(name), told.get(name), now, every_h=settings.backup_every_h)
        for place, name in named
        if name
    ]


def judge(
    place: Place, folder: Path, told: BackedUp | None, now: datetime, *, every_h: int
) -> Standing:
    """Well: there is a backup younger than two turns, and a stream that keeps up."""

    def age(at: datetime | None) -> float | None:
        return (now - at).total_seconds() if at else None

    told_age_s = age(told.told_at) if told else None
    newest_age_s = age(told.newest_at) if told else None
    copy_age_s = age(told.whole_at) if told else None
    is_well = (
        told is not None
        and not told.trouble
        and (told_age_s or 0.0) <= TOLD_LATE_S
        and newest_age_s is not None
        and newest_age_s <= 2 * 3_600 * every_h
        and copy_age_s is not None
        and copy_age_s <= COPY_LATE_S
    )
    return Standing(
        folder=str(folder),
        place=place,
        is_well=is_well,
        newest_age_s=newest_age_s,
        copy_age_s=copy_age_s,
        stream_lag_bytes=told.stream_lag_bytes if told else None,
        told_age_s=told_age_s,
        trouble=told.trouble if told else "",
    )
