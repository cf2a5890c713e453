"""Wiring for ``kaipiao backup``: which cell, which server, which folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from kaipiao.app.audit import operating
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.settings import Settings
from kaipiao.continuity.backup.prune import prune
from kaipiao.continuity.backup.shelf import Backup, Series, Shelf, history_of
from kaipiao.continuity.backup.stream import slot_for
from kaipiao.continuity.backup.take import Cell, take_backup
from kaipiao.continuity.backup.tools import Reach, Tools, reach_of, tools_of
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.errors import Outage
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool

MEMORY_NAME = "backup-series.json"


class At(msgspec.Struct, frozen=True):
    """A running cell and the place of its backups."""

    shelf: Shelf
    series: Series
    cell: Cell
    tools: Tools
    reach: Reach
    slot: str  # by which the server keeps what this folder's stream has not received


def find_cell(settings: Settings, folder: Path, dsn: str = "") -> At:
    """The running cell in this data folder; ``dsn`` if it is known already.

    Raises:
        BackupWrong: its database is not ours to copy, or the folder is closed to its user.
        Outage: it does not run.
    """
    place = CellFolder(settings.data)
    if settings.dsn:
        raise BackupWrong(
            zh="该单元的数据库由 --dsn 指定: 请用那台服务器自己的备份。",
            en="This cell's database is a server named by its DSN: back that up by its own means.",
        )
    if not dsn:
        running = read_running(place)
        if running is None or not running.dsn:
            raise Outage(f"cell ({place.path})")
        dsn = running.dsn
    sockets = parse_qs(urlsplit(dsn).query)["host"][0]
    tools = tools_of(place.path)
    tools.open_shelf(folder)
    shelf = Shelf(folder)
    memory = place.run / MEMORY_NAME
    series = shelf.series_of(memory, SystemClock().now())
    cell = Cell(place.path, settings.area, settings.log_origin, history_of(memory))
    reach = reach_of(place.path, sockets)
    return At(shelf, series, cell, tools, reach, slot_for(folder))


async def backup_now(settings: Settings, folder: Path, *, full: bool) -> Backup:
    """Take a backup of the running cell.  Raises BackupWrong, Outage, OSError."""
    at = find_cell(settings, folder)
    clock = SystemClock()
    async with _trail(settings) as trail, operating(trail, "backup.take", str(folder), clock=clock):
        return await asyncio.to_thread(
            take_backup, at.series, at.cell, at.tools, at.reach, clock, full=full
        )


@asynccontextmanager
async def _trail(settings: Settings) -> AsyncIterator[AuditRows]:
    running = read_running(CellFolder(settings.data))
    if running is None:
        raise Outage(f"cell ({settings.data})")
    pool = await Pool.open(running.dsn)
    try:
        yield AuditRows(pool)
    finally:
        await pool.close()


async def prune_now(settings: Settings, folder: Path, *, keep_days: int) -> list[Backup]:
    """Remove old backups of the running cell.  Raises BackupWrong, Outage, OSError."""
    at, clock = find_cell(settings, folder), SystemClock()
    days = str(keep_days)
    async with (
        _trail(settings) as trail,
        operating(trail, "backup.prune", str(folder), clock=clock, keep_days=days),
    ):
        return await asyncio.to_thread(prune, at.series, clock.now(), keep_days=keep_days)
