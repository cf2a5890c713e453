"""What is done for a release under load, by the supervisor that holds the socket and the children.

    apply      1 introduction, does it fit?   2 pre migrations   3 both programs read the ledger:
               the same root?   4 a trial server, asked   5 servers one by one, then what is
               behind them   6 asked again while it works   7 release.json
    rollback   5, 6, 7 the other way; then 3
    close      7: no way back from here
    finish     close, post migrations, 7

Whatever goes wrong before 7 puts the former program's processes back.  If we crash before 7, the
next start runs the former program; after it, the new one.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from kaipiao.app.child import NotReady
from kaipiao.app.database import Database
from kaipiao.app.folder import CellFolder
from kaipiao.app.release_door import Request
from kaipiao.app.release_trial import Trial
from kaipiao.continuity.release import current as rules
from kaipiao.continuity.release.current import Current, Program, ReleaseRefused, keep_current
from kaipiao.continuity.release.program import MIGRATE_WITHIN_S, Applied, Asked, ask, introduce
from kaipiao.continuity.release.said import Say, done, step
from kaipiao.ports import Clock

if TYPE_CHECKING:
    from kaipiao.app.cell import Cell

log = logging.getLogger(__name__)


class Acts:
    """Each raises ReleaseRefused or Outage: nothing was changed, or it has been put back."""

    def __init__(
        self, folder: CellFolder, database: Database, cell: "Cell", *, clock: Clock
    ) -> None:
        self._folder = folder
        self._database = database
        self._cell = cell
        self._clock = clock
        self._trial = Trial(folder, database, cell)

    async def do(self, request: Request, now: Current, say: Say) -> None:
        if request.act == "apply":
            await self._apply(request, now, say)
        elif request.act == "rollback":
            await self._roll_back(now, say)
        elif request.act == "close":
            self._close(now, say)
        else:
            await self._finish(now, say)

    async def _apply(self, request: Request, now: Current, say: Say) -> None:
        new = await introduce(request.python)
        rules.check_may_open(now, new.program)
        await self._trial.check_fits(now, new)
        say(step(f"{new.program} 可以接替 {now.program}", f"{new.program} fits {now.program}"))
        await self._migrate(new.program, "pre", say)
        await self._trial.prove((now.program, new.program), say)
        await self._trial.try_out(new.program, say)
        quiet = timedelta(hours=request.finish_after_h)
        then = rules.opened(now, new.program, at=self._clock.now(), quiet=quiet)
        await self._swap(now.program, then, say)
        say(
            done(
                f"现由 {new.program} 运行。回退: kaipiao release rollback; "
                "确认无误后: kaipiao release finish",
                f"{new.program} runs the cell. Back: kaipiao release rollback; when you are "
                "sure: kaipiao release finish",
            )
        )

    async def _roll_back(self, now: Current, say: Say) -> None:
        back = rules.rolled_back(now, at=self._clock.now())
        await self._trial.check_can_return(back.program)
        await self._swap(now.program, back, say)
        say(step(f"已回到 {back.program}", f"{back.program} runs the cell again"))
        await self._trial.prove((back.program,), say)
        try:
            await self._trial.prove((now.program,), say)
        except ReleaseRefused as differs:  # what we came from may be as broken as it likes
            say(step(differs.zh, differs.en))
        say(done("回退完成, 什么也没有丢失", "rolled back; nothing is lost"))

    def _close(self, now: Current, say: Say) -> None:
        self.keep(rules.finishing(now, at=self._clock.now()))
        say(done(f"{now.program} 不再可回退", f"there is no way back from {now.program}"))

    async def _finish(self, now: Current, say: Say) -> None:
        doing = rules.finishing(now, at=self._clock.now())
        self.keep(doing)  # first: if we crash in between, nobody goes back to what cannot read it
        await self._migrate(doing.program, "post", say)
        self.keep(rules.finished(doing, at=self._clock.now()))
        say(done(f"{doing.program} 的发布已完成", f"the release of {doing.program} is finished"))

    async def _migrate(self, program: Program, stage: rules.Stage, say: Say) -> None:
        asked = Asked(dsn=self._database.owner, stage=stage)
        applied = await ask(program.python, "migrate", asked, Applied, MIGRATE_WITHIN_S)
        names = ", ".join(applied.names)
        say(step(f"{stage} 迁移: {names or '无'}", f"{stage} migrations: {names or 'none'}"))

    async def _swap(self, old: Program, then: Current, say: Say) -> None:
        """Let ``then`` be current.  Raises ReleaseRefused: it is not; the old one is back."""
        try:
            await self._cell.use(then.program.python)
            await self._trial.watch()
            self.keep(then)
        except BaseException as error:
            with suppress(
                asyncio.CancelledError, NotReady
            ):  # told to stop: all children end anyway
                await self._cell.use(old.python, anyway=True)
            if isinstance(error, NotReady):
                raise self._trial.sick(then.program, str(error)) from None
            raise
        say(step("进程已逐个替换", "its processes took over, one after another"))

    def keep(self, current: Current) -> None:
        """Remember what is current: whole or not at all, whatever dies meanwhile."""
        keep_current(self._folder.release, current)
        log.warning("release: %s is %s", current.program, current.state)
