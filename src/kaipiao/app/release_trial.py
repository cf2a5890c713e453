"""Whether a program may be trusted with the cell: asked before it is met, and afterwards.

Every check raises ReleaseRefused, and says what holds while it goes on.
"""

import asyncio
from typing import TYPE_CHECKING

from kaipiao.app.child import NotReady
from kaipiao.app.database import Database
from kaipiao.app.folder import CellFolder, Running
from kaipiao.app.probe import works
from kaipiao.continuity.release.current import Current, Program, ReleaseRefused
from kaipiao.continuity.release.program import (
    READ_WITHIN_S,
    Asked,
    Introduction,
    Root,
    ask,
    check_can_return,
    check_fits,
    introduce,
)
from kaipiao.continuity.release.said import Say, step
from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.published import PublishedLog
from kaipiao.ledger.migrate import applied_names, posts_ahead

if TYPE_CHECKING:
    from kaipiao.app.cell import Cell

TRIAL_QUESTIONS = 20
"""Real requests, all the way to the database, before any caller meets the new program."""

WATCH_QUESTIONS = 20
WATCH_PAUSE_S = 0.05
"""And so many afterwards, while its processes must not die."""


class Trial:
    """Of the programs of one cell."""

    def __init__(self, folder: CellFolder, database: Database, cell: "Cell") -> None:
        self._folder = folder
        self._database = database
        self._cell = cell

    async def check_fits(self, now: Current, new: Introduction) -> None:
        """Every reason why not."""
        old = await introduce(now.program.python)
        if faults := check_fits(old, new):
            raise ReleaseRefused(*faults)

    async def check_can_return(self, program: Program) -> None:
        """It is still there, and nobody applied a ``post`` migration that it does not know."""
        old = await introduce(program.python)
        names = await applied_names(self._database.owner)
        check_can_return(old, posts_ahead(names, len(old.migrations)))

    async def prove(self, programs: tuple[Program, ...], say: Say) -> None:
        """Each makes every leaf under our checkpoint again; its root must be the signed one."""
        signed = self._signed()
        if signed is None:
            say(step("日志尚未发布检查点, 没有可比对的", "no checkpoint is published to compare"))
            return
        asked = Asked(dsn=self._database.app, archive=str(self._folder.archive), size=signed.size)
        for program in programs:
            read = await ask(program.python, "root", asked, Root, READ_WITHIN_S)
            if read != Root(signed.size, signed.root.hex()):
                raise ReleaseRefused(_differs(program, read, signed))
        root, size = signed.root.hex()[:16], signed.size
        names = " & ".join(program.version for program in programs)
        say(
            step(
                f"{names} 由账本重算 {size} 项, 根与已签名的相同: {root}…",
                f"{names} made {size} entries again from the ledger: the signed root, {root}…",
            )
        )

    def _signed(self) -> Checkpoint | None:
        try:
            return PublishedLog(self._folder.evidence).checkpoint()
        except Outage:
            return None

    async def try_out(self, program: Program, say: Say) -> None:
        """A server of it that nobody else can reach answers real questions."""

        async def judge(running: Running) -> None:
            for _ in range(TRIAL_QUESTIONS):
                if not await asyncio.to_thread(works, running):
                    raise NotReady("serve-trial")

        try:
            await self._cell.try_out(program.python, judge)
        except NotReady as error:
            raise self.sick(program, str(error)) from None
        said = TRIAL_QUESTIONS
        say(step(f"试运行答对 {said} 个请求", f"a trial server answered {said} requests"))

    async def watch(self) -> None:
        """Raises NotReady: a request fails, or a process dies."""
        before, running = self._cell.deaths, self._cell.running()
        for _ in range(WATCH_QUESTIONS):
            if not await asyncio.to_thread(works, running) or self._cell.deaths > before:
                raise NotReady("serve")
            await asyncio.sleep(WATCH_PAUSE_S)

    def sick(self, program: Program, what: str) -> ReleaseRefused:
        logs = self._folder.logs
        return ReleaseRefused(
            (
                f"{program} 的 {what} 不工作, 已恢复原程序; 见 {logs}",
                f"{what} of {program} does not work, and the former program is back; see {logs}",
            )
        )


def _differs(program: Program, read: Root, signed: Checkpoint) -> tuple[str, str]:
    ours = f"{signed.size}/{signed.root.hex()[:16]}…"
    theirs = f"{read.size}/{read.root[:16]}…"
    return (
        f"{program} 由账本得出的根是 {theirs}, 已签名的是 {ours}: 不可用它运行, 请报告",
        f"{program} makes the root {theirs} of the ledger, and {ours} is signed: do not run it, "
        "and report this",
    )
