"""Wiring for ``kaipiao backup``: a backup of the running cell, now; and the old ones away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kaipiao.app.audit import operating
from kaipiao.app.backup_at import dsn_of, find_cell
from kaipiao.app.clock import SystemClock
from kaipiao.app.settings import Settings
from kaipiao.continuity.backup.prune import prune
from kaipiao.continuity.backup.shelf import Backup
from kaipiao.continuity.backup.take import take_backup
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool


async def backup_now(settings: Settings, folder: Path, *, full: bool) -> Backup:
    """Take a backup of the running cell.  Raises BackupWrong, Outage, OSError."""
    at, clock = await asyncio.to_thread(find_cell, settings, folder), SystemClock()
    async with _trail(settings) as trail, operating(trail, "backup.take", str(folder), clock=clock):
        reach = await asyncio.to_thread(at.base)
        return await asyncio.to_thread(
            take_backup, at.series, at.cell, at.tools, reach, clock, full=full
        )


async def prune_now(settings: Settings, folder: Path, *, keep_days: int) -> list[Backup]:
    """Remove old backups of the running cell.  Raises BackupWrong, Outage, OSError."""
    at, clock = await asyncio.to_thread(find_cell, settings, folder), SystemClock()
    days = str(keep_days)
    async with (
        _trail(settings) as trail,
        operating(trail, "backup.prune", str(folder), clock=clock, keep_days=days),
    ):
        return await asyncio.to_thread(prune, at.series, clock.now(), keep_days=keep_days)


@asynccontextmanager
async def _trail(settings: Settings) -> AsyncIterator[AuditRows]:
    pool = await Pool.open(dsn_of(settings))
    try:
        yield AuditRows(pool)
    finally:
        await pool.close()
