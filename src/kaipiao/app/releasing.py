"""Releases in a running cell: a door at which they are asked for, one act at a time, each written
down; and a clock for the one that finishes by itself.  What is done: ``release_acts.py``.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from kaipiao.app.audit import operating
from kaipiao.app.clock import SystemClock
from kaipiao.app.database import Database
from kaipiao.app.folder import CellFolder
from kaipiao.app.probe import works
from kaipiao.app.release_acts import Acts
from kaipiao.app.release_current import current_of
from kaipiao.app.release_door import Request, attend, open_door
from kaipiao.continuity.release import current as rules
from kaipiao.continuity.release.current import ReleaseRefused
from kaipiao.continuity.release.said import Say, busy, no
from kaipiao.errors import Outage
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool

if TYPE_CHECKING:
    from kaipiao.app.cell import Cell

LOOK_EVERY_S = 5.0
"""How often a release that finishes by itself is looked at: for faults, and for its time."""

log = logging.getLogger(__name__)


class Releasing:
    """Serves the door while the cell runs."""

    def __init__(self, folder: CellFolder, database: Database, cell: "Cell") -> None:
        self._folder = folder
        self._database = database
        self._cell = cell
        self._clock = SystemClock()
        self._acts = Acts(folder, database, cell, clock=self._clock)
        self._turn = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._acting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Releasing":
        self._door = open_door(self._folder.release_door)
        attending = attend(self._door, self.serve)
        self._tasks = [asyncio.create_task(attending), asyncio.create_task(self._keep_time())]
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._tasks, *filter(None, [self._acting])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._door.close()
        self._folder.release_door.unlink(missing_ok=True)

    async def serve(self, request: Request, say: Say) -> None:
        """Do what is asked, and say how it ended; one act at a time."""
        if self._turn.locked():
            say(busy())
            return
        async with self._turn:
            self._acting = asyncio.current_task()
            try:
                await self._written_down(request, say)
            except ReleaseRefused as refused:
                log.warning("release %s refused: %s", request.act, refused.en)
                say(no(refused.zh, refused.en))
            except Outage as outage:
                say(no(f"{outage} 没有应答, 请重试", f"{outage} did not answer; try again"))
            except Exception as failure:
                log.exception("release %s failed", request.act)
                say(no(f"失败: {failure!r}; 原程序在运行", f"failed: {failure!r}; see status"))

    async def _written_down(self, request: Request, say: Say) -> None:
        now = current_of(self._folder)
        pool = await Pool.open(self._database.owner)
        try:
            trail, facts = AuditRows(pool), {"from": now.program.version}
            action, what = f"release.{request.act}", request.python or now.program.python
            async with operating(trail, action, what, clock=self._clock, **facts):
                await self._acts.do(request, now, say)
        finally:
            await pool.close()

    async def _keep_time(self) -> None:
        """Finish by ourselves once the stated time has passed without a fault.

        A start of the supervisor begins it anew: nobody watched in between.
        """
        deaths = -1
        while True:
            with suppress(ReleaseRefused):
                is_well = not self._turn.locked() and deaths == self._cell.deaths
                deaths = self._cell.deaths
                await self._look_at_time(is_well)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look_at_time(self, is_well: bool) -> None:
        """Raises ReleaseRefused: ``release.json`` is damaged."""
        if not current_of(self._folder).finish_after or self._turn.locked():
            return
        answers = await asyncio.to_thread(works, self._cell.running())
        current = current_of(self._folder)  # again: a rollback may have come meanwhile
        if self._turn.locked() or not current.finish_after:
            return
        if not (is_well and answers):
            log.warning("a fault, or a start: the time until the release finishes begins anew")
            self._acts.keep(rules.put_off(current, at=self._clock.now()))
        elif rules.is_due(current, self._clock.now()):
            await self.serve(Request(act="finish"), lambda _: None)
