"""A release under load, done by the supervisor that holds the socket and the children.

    apply      1 introduction, does it fit?   2 pre migrations   3 both programs read the ledger:
               the same root?   4 a trial server, asked   5 servers one by one, then what is
               behind them   6 asked again while it works   7 release.json
    rollback   5, 6, 7 the other way; then 3
    finish     7 (no way back from here), post migrations, 7

Whatever goes wrong before 7 puts the former program's processes back.  If we crash before 7, the
next start runs the former program; after it, the new one.
"""

import asyncio
import logging
import os
import sys
from contextlib import suppress
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from kaipiao.app.audit import operating
from kaipiao.app.child import NotReady
from kaipiao.app.clock import SystemClock
from kaipiao.app.database import Database
from kaipiao.app.folder import CellFolder, OnlySupervisor, Running
from kaipiao.app.probe import works
from kaipiao.app.release_door import Request, Said, Say, attend, open_door
from kaipiao.app.settings import Settings
from kaipiao.continuity.release import current as rules
from kaipiao.continuity.release.current import (
    Current,
    Program,
    ReleaseRefused,
    keep_current,
    read_current,
)
from kaipiao.continuity.release.program import (
    MIGRATE_WITHIN_S,
    READ_WITHIN_S,
    Applied,
    Asked,
    Introduction,
    Root,
    ask,
    check_fits,
    environment_of,
    introduce,
)
from kaipiao.errors import Outage
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.published import PublishedLog
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool

if TYPE_CHECKING:
    from kaipiao.app.supervise import Cell

TRIAL_QUESTIONS = 20
"""Real requests, all the way to the database, before any caller meets the new program."""

WATCH_QUESTIONS = 20
WATCH_PAUSE_S = 0.05
"""And so many afterwards, while its processes must not die."""

LOOK_EVERY_S = 5.0
"""How often a stated time is looked at."""

log = logging.getLogger(__name__)


def current_of(folder: CellFolder) -> Current:
    """What is current here; where no release was ever applied, whoever asks.

    Raises:
        ReleaseRefused: the file is damaged.
    """
    return read_current(folder.release) or Current(program=ourselves())


def ourselves() -> Program:
    return Program(sys.executable, version("kaipiao"))


def is_open(folder: CellFolder) -> bool:
    """Whether an older program may come back: then no post migration may run."""
    return current_of(folder).state == "open"


def hand_over(folder: CellFolder, arguments: list[str]) -> None:
    """Become the program that is current here, if that is another one than we are.

    Raises:
        ReleaseRefused: it is not there any more.
    """
    program = current_of(folder).program
    if program.python == sys.executable:
        return
    if not os.access(program.python, os.X_OK):
        raise ReleaseRefused(
            (
                f"{folder.release} 指定的程序 {program} 不存在; 请恢复该环境, "
                "或在发布完成前用 kaipiao release rollback 回退",
                f"{folder.release} names {program}, which is not there; bring that environment "
                "back, or, while the release is open, type kaipiao release rollback",
            )
        )
    begin = "from kaipiao.cli.main import main; main()"
    command = [program.python, "-P", "-c", begin, *arguments]
    os.execve(program.python, command, environment_of(program.python))


def roll_back_at_rest(folder: CellFolder) -> Current:
    """Go back while the cell does not run, because the new program does not even start.

    Raises:
        ReleaseRefused: see ``current.rolled_back``.
        AlreadyRunning: then the supervisor does it.
    """
    with OnlySupervisor(folder):
        back = rules.rolled_back(current_of(folder), at=SystemClock().now())
        keep_current(folder.release, back)
    return back


class Releasing:
    """Serves the door while the cell runs."""

    def __init__(
        self, folder: CellFolder, settings: Settings, database: Database, cell: "Cell"
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._database = database
        self._cell = cell
        self._clock = SystemClock()
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
            say(
                _no(
                    "另一项发布操作正在进行, 请稍后",
                    "another release act is under way; wait for it",
                )
            )
            return
        async with self._turn:
            self._acting = asyncio.current_task()
            try:
                await self._written_down(request, say)
            except ReleaseRefused as no:
                log.warning("release %s refused: %s", request.act, no.en)
                say(_no(no.zh, no.en))
            except Outage as outage:
                say(_no(f"{outage} 没有应答, 请重试", f"{outage} did not answer; try again"))
            except Exception as failure:
                log.exception("release %s failed", request.act)
                say(_no(f"失败: {failure!r}; 原程序在运行", f"failed: {failure!r}; see status"))

    async def _written_down(self, request: Request, say: Say) -> None:
        now = current_of(self._folder)
        pool = await Pool.open(self._database.owner)
        try:
            trail, facts = AuditRows(pool), {"from": now.program.version}
            action, what = f"release.{request.act}", request.python or now.program.python
            async with operating(trail, action, what, clock=self._clock, **facts):
                await self._do(request, now, say)
        finally:
            await pool.close()

    async def _do(self, request: Request, now: Current, say: Say) -> None:
        if request.act == "apply":
            await self._apply(request, now, say)
        elif request.act == "rollback":
            await self._roll_back(now, say)
        else:
            await self._finish(now, say)

    async def _apply(self, request: Request, now: Current, say: Say) -> None:
        new = await introduce(request.python)
        rules.check_may_open(now, new.program)
        await self._check(now, new)
        say(_step(f"{new.program} 可以接替 {now.program}", f"{new.program} fits {now.program}"))
        await self._migrate(new.program, "pre", say)
        await self._prove((now.program, new.program), say)
        await self._try_out(new.program, say)
        at, hours = self._clock.now(), request.finish_after_h
        finish_after = at + timedelta(hours=hours) if hours else None
        then = rules.opened(now, new.program, at=at, finish_after=finish_after)
        await self._swap(now.program, then, say)
        say(
            _done(
                f"现由 {new.program} 运行。回退: kaipiao release rollback; "
                "确认无误后: kaipiao release finish",
                f"{new.program} runs the cell. Back: kaipiao release rollback; when you are "
                "sure: kaipiao release finish",
            )
        )

    async def _check(self, now: Current, new: Introduction) -> None:
        """Raises ReleaseRefused: every reason why not."""
        old = await introduce(now.program.python)
        if faults := check_fits(old, new):
            raise ReleaseRefused(*faults)

    async def _roll_back(self, now: Current, say: Say) -> None:
        back = rules.rolled_back(now, at=self._clock.now())
        await self._swap(now.program, back, say)
        say(_step(f"已回到 {back.program}", f"{back.program} runs the cell again"))
        await self._prove((back.program,), say)
        try:
            await self._prove((now.program,), say)
        except ReleaseRefused as differs:  # what we came from may be as broken as it likes
            say(_step(differs.zh, differs.en))
        say(_done("回退完成, 什么也没有丢失", "rolled back; nothing is lost"))

    async def _finish(self, now: Current, say: Say) -> None:
        doing = rules.finishing(now, at=self._clock.now())
        self._keep(doing)  # first: if we crash in between, nobody goes back to what cannot read it
        await self._migrate(doing.program, "post", say)
        self._keep(rules.finished(doing, at=self._clock.now()))
        say(_done(f"{doing.program} 的发布已完成", f"the release of {doing.program} is finished"))

    async def _migrate(self, program: Program, stage: rules.Stage, say: Say) -> None:
        asked = Asked(dsn=self._database.owner, stage=stage)
        done = await ask(program.python, "migrate", asked, Applied, MIGRATE_WITHIN_S)
        names = ", ".join(done.names)
        say(_step(f"{stage} 迁移: {names or '无'}", f"{stage} migrations: {names or 'none'}"))

    async def _prove(self, programs: tuple[Program, ...], say: Say) -> None:
        """Each makes every leaf under our signed checkpoint again, and its root is the signed one.

        Raises:
            ReleaseRefused: one has another root.
        """
        signed = self._signed()
        if signed is None:
            say(_step("日志尚未发布检查点, 没有可比对的", "no checkpoint is published to compare"))
            return
        asked = Asked(dsn=self._database.app, archive=str(self._folder.archive), size=signed.size)
        for program in programs:
            read = await ask(program.python, "root", asked, Root, READ_WITHIN_S)
            if read != Root(signed.size, signed.root.hex()):
                raise ReleaseRefused(_differs(program, read, signed))
        root, size = signed.root.hex()[:16], signed.size
        names = " & ".join(program.version for program in programs)
        say(
            _step(
                f"{names} 由账本重算 {size} 项, 根与已签名的相同: {root}…",
                f"{names} made {size} entries again from the ledger: the signed root, {root}…",
            )
        )

    def _signed(self) -> Checkpoint | None:
        try:
            return PublishedLog(self._folder.evidence).checkpoint()
        except Outage:
            return None

    async def _try_out(self, program: Program, say: Say) -> None:
        async def judge(running: Running) -> None:
            for _ in range(TRIAL_QUESTIONS):
                if not await asyncio.to_thread(works, running):
                    raise NotReady("serve-trial")

        try:
            await self._cell.try_out(program.python, judge)
        except NotReady as error:
            raise ReleaseRefused(self._sick(program, str(error))) from None
        said = TRIAL_QUESTIONS
        say(_step(f"试运行答对 {said} 个请求", f"a trial server answered {said} requests"))

    async def _swap(self, old: Program, then: Current, say: Say) -> None:
        """Let ``then`` be current.  Raises ReleaseRefused: it is not; the old one is back."""
        try:
            await self._cell.use(then.program.python)
            await self._watch()
            self._keep(then)
        except BaseException as error:
            with suppress(
                asyncio.CancelledError, NotReady
            ):  # told to stop: all children end anyway
                await self._cell.use(old.python, anyway=True)
            if isinstance(error, NotReady):
                raise ReleaseRefused(self._sick(then.program, str(error))) from None
            raise
        say(_step("进程已逐个替换", "its processes took over, one after another"))

    async def _watch(self) -> None:
        """Raises NotReady: a request fails, or a process dies."""
        before, running = self._cell.deaths, self._cell.running()
        for _ in range(WATCH_QUESTIONS):
            if not await asyncio.to_thread(works, running) or self._cell.deaths > before:
                raise NotReady("serve")
            await asyncio.sleep(WATCH_PAUSE_S)

    def _sick(self, program: Program, what: str) -> tuple[str, str]:
        logs: Path = self._folder.logs
        return (
            f"{program} 的 {what} 不工作, 已恢复原程序; 见 {logs}",
            f"{what} of {program} does not work, and the former program is back; see {logs}",
        )

    def _keep(self, current: Current) -> None:
        keep_current(self._folder.release, current)
        log.warning("release: %s is %s", current.program, current.state)

    async def _keep_time(self) -> None:
        """Finish by ourselves when the stated time is over."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(ReleaseRefused):
                if rules.is_due(current_of(self._folder), self._clock.now()):
                    await self.serve(Request(act="finish"), lambda _: None)


def _step(zh: str, en: str) -> Said:
    return Said(zh=zh, en=en)


def _done(zh: str, en: str) -> Said:
    return Said(zh=zh, en=en, is_over=True)


def _no(zh: str, en: str) -> Said:
    return Said(zh=zh, en=en, is_over=True, is_refused=True)


def _differs(program: Program, read: Root, signed: Checkpoint) -> tuple[str, str]:
    ours = f"{signed.size}/{signed.root.hex()[:16]}…"
    theirs = f"{read.size}/{read.root[:16]}…"
    return (
        f"{program} 由账本得出的根是 {theirs}, 已签名的是 {ours}: 不可用它运行, 请报告",
        f"{program} makes the root {theirs} of the ledger, and {ours} is signed: do not run it, "
        "and report this",
    )
