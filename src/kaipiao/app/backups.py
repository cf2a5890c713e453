"""``backups``: keeps the stream and takes backups by itself, for a cell that has a backup folder.

Two folders are two streams with a slot each: one may be full or away, and the other goes on.
While this process does not run the server keeps the log for it, up to a limit; no invoice waits.
"""

import asyncio
import logging
import signal
from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from kaipiao.app.audit import compose
from kaipiao.app.backup_at import At
from kaipiao.app.backup_stream import keep_stream, open_stream
from kaipiao.app.clock import SystemClock
from kaipiao.app.courtesy import BACKGROUND, step_back
from kaipiao.app.folder import CellFolder, write_whole
from kaipiao.app.journal import keep_journal
from kaipiao.app.orders import Orders, receive_orders, say_ready
from kaipiao.app.settings import Settings
from kaipiao.continuity.backup.prune import prune
from kaipiao.continuity.backup.shelf import Backup
from kaipiao.continuity.backup.stream import StreamLost
from kaipiao.continuity.backup.take import take_backup
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.errors import Outage
from kaipiao.fiscal.audit import CELL
from kaipiao.gateway.wiring import BackedUp
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.backups import Standing, stream_standing
from kaipiao.ledger.pool import Pool

LOOK_EVERY_S = 2.0
LOOKS_MAX = 43_200
"""A day of looks: a copy further behind than that is told of as a day old, or older."""
AGAIN_AFTER_S = 30.0
"""A folder that is full or away is tried again so often."""

log = logging.getLogger(__name__)


def folders_of(settings: Settings) -> list[Path]:
    """Where backups go; none: the cell has nobody who keeps them."""
    named = (settings.backup_folder, settings.backup_second_folder)
    return [Path(name) for name in named if name]


async def keep_backups(orders: Orders, *, tell: bool = True) -> None:
    """Stream and take backups until SIGTERM.  ``tell``: a supervisor waits for our word."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pool = await Pool.open(orders.dsn)
    try:
        if tell:
            say_ready()
        places = enumerate(folders_of(orders.settings))
        keepers = (Keeper(orders, folder, pool, place=place) for place, folder in places)
        await asyncio.gather(*(keeper.run(stop) for keeper in keepers))
    finally:
        await pool.close()


class Keeper:
    """Of one folder."""

    def __init__(self, orders: Orders, folder: Path, pool: Pool, *, place: int) -> None:
        self._settings = orders.settings
        self._dsn = orders.dsn
        self._folder = folder
        self._pool = pool
        self._cell = CellFolder(orders.settings.data)
        self._told = self._cell.backups(place)
        self._said = self._cell.logs / f"stream-{place}.txt"
        self._clock = SystemClock()
        self._age = CopyAge()

    async def run(self, stop: asyncio.Event) -> None:
        """Whatever goes wrong is written down for status pages, and tried again."""
        anew = False
        while not stop.is_set():
            try:
                at = await asyncio.to_thread(
                    open_stream, self._settings, self._folder, self._dsn, anew=anew
                )
                anew = False
                await self._keep(at, stop)
            except (BackupWrong, Outage, OSError) as trouble:
                # A hole: what we have stays good to its end, and a new series begins at once.
                anew = isinstance(trouble, StreamLost)
                log.warning("backups in %s: %s", self._folder, trouble)
                self._tell(trouble=str(trouble))
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 0 if anew else AGAIN_AFTER_S)

    async def _keep(self, at: At, stop: asyncio.Event) -> None:
        ended = asyncio.Event()
        streaming = asyncio.create_task(keep_stream(at, self._said, stop))
        streaming.add_done_callback(lambda _: ended.set())
        try:
            while not ended.is_set():
                if self._is_due(at):
                    await self._take(at)
                await self._look(at)
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), LOOK_EVERY_S)
        except BaseException:
            streaming.cancel()
            raise
        await streaming

    def _is_due(self, at: At) -> bool:
        newest = newest_of(at)
        every = timedelta(hours=self._settings.backup_every_h)
        return newest is None or self._clock.now() - newest.ended_at >= every

    async def _take(self, at: At) -> None:
        reach = await asyncio.to_thread(at.base)
        backup = await asyncio.to_thread(
            take_backup, at.series, at.cell, at.tools, reach, self._clock
        )
        log.info("backed up %s (%s, %d bytes)", backup.name, backup.kind, backup.bytes)
        event = compose(
            "backup.take",
            str(self._folder),
            actor=CELL,
            clock=self._clock,
            stage="noted",
            facts={"name": backup.name, "kind": backup.kind},
        )
        await AuditRows(self._pool).append([event])
        days = self._settings.backup_keep_days
        await asyncio.to_thread(prune, at.series, self._clock.now(), keep_days=days)

    async def _look(self, at: At) -> None:
        newest = newest_of(at)
        standing = await stream_standing(self._pool, at.slot)
        if standing:
            self._age.look(standing, self._clock.now())
        self._tell(
            newest_at=newest.ended_at if newest else None,
            lag_bytes=standing.lag_bytes if standing else None,
        )

    def _tell(
        self, *, newest_at: datetime | None = None, lag_bytes: int | None = None, trouble: str = ""
    ) -> None:
        told = BackedUp(
            folder=str(self._folder),
            newest_at=newest_at,
            stream_lag_bytes=lag_bytes,
            told_at=self._clock.now(),
            trouble=trouble,
            whole_at=self._age.whole_at,
        )
        write_whole(self._told, msgspec.json.encode(told))


class CopyAge:
    """Until when everything that was written is in a copy.

    What the server had written at one look, and the stream has received at a later one, was there
    from the first look on.
    """

    def __init__(self) -> None:
        self.whole_at: datetime | None = None
        self._looks: deque[tuple[datetime, int]] = deque(maxlen=LOOKS_MAX)

    def look(self, standing: Standing, now: datetime) -> None:
        self._looks.append((now, standing.written))
        while self._looks and self._looks[0][1] <= standing.received:
            self.whole_at = self._looks.popleft()[0]


def newest_of(at: At) -> Backup | None:
    backups = at.series.backups()
    return backups[-1] if backups else None


def main() -> None:
    orders = receive_orders()
    step_back(BACKGROUND)
    keep_journal(CellFolder(orders.settings.data).logs, orders.name)
    asyncio.run(keep_backups(orders))


if __name__ == "__main__":
    main()
