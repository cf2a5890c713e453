"""Which cell, which server, which folder: where one stream and its backups are."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.settings import Settings
from kaipiao.continuity.backup.shelf import Series, Shelf, history_of
from kaipiao.continuity.backup.stream import drop_slot, make_slot, slot_for
from kaipiao.continuity.backup.take import Cell
from kaipiao.continuity.backup.tools import Reach, Tools, reach_of, tools_of
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.errors import Outage

MEMORY_NAME = "backup-series.json"


class Slots(Protocol):
    """How a server, or a cluster of them, comes to keep what a stream has not received."""

    def make(self, tools: Tools, reach: Reach, series: Series, slot: str) -> None:
        """Once, however often.  Raises BackupWrong, Outage."""
        ...

    def drop(self, tools: Tools, reach: Reach, series: Series, slot: str) -> None:
        """Raises BackupWrong: there is none; Outage."""
        ...


class OwnSlots:
    """Of one server."""

    def make(self, tools: Tools, reach: Reach, series: Series, slot: str) -> None:
        make_slot(tools, reach, series, slot)

    def drop(self, tools: Tools, reach: Reach, series: Series, slot: str) -> None:
        drop_slot(tools, reach, series, slot)


class At(msgspec.Struct, frozen=True):
    """A running cell and the place of its backups."""

    shelf: Shelf
    series: Series
    cell: Cell
    tools: Tools
    reach: Reach  # where the stream comes from
    base: Callable[[], Reach]  # where a base backup is best taken from, now; raises Outage
    slot: str  # by which the server keeps what this folder's stream has not received
    slots: Slots


def find_cell(settings: Settings, folder: Path, dsn: str = "") -> At:
    """The running cell in this data folder; ``dsn`` if it is known already.

    Raises:
        BackupWrong: its database is not ours to copy, or the folder is closed to its user.
        Outage: it does not run.
    """
    if settings.cluster_file:
        from kaipiao.app.backup_member import find_member

        return find_member(settings, folder)
    if settings.dsn:
        raise BackupWrong(
            zh="该单元的数据库由 --dsn 指定: 请用那台服务器自己的备份。",
            en="This cell's database is a server named by its DSN: back that up by its own means.",
        )
    place = CellFolder(settings.data)
    dsn = dsn or dsn_of(settings)
    tools = tools_of(place.path)
    tools.open_shelf(folder)
    memory = place.run / MEMORY_NAME
    reach = reach_of(place.path, parse_qs(urlsplit(dsn).query)["host"][0])
    return At(
        shelf=Shelf(folder),
        series=Shelf(folder).series_of(memory, SystemClock().now()),
        cell=Cell(place.path, settings.area, settings.log_origin, history_of(memory)),
        tools=tools,
        reach=reach,
        base=lambda: reach,
        slot=slot_for(folder),
        slots=OwnSlots(),
    )


def dsn_of(settings: Settings) -> str:
    """Where the running cell's database is.  Raises Outage: it does not run."""
    if settings.dsn:
        return settings.dsn
    running = read_running(CellFolder(settings.data))
    if running is None or not running.dsn:
        raise Outage(f"cell ({settings.data})")
    return running.dsn
