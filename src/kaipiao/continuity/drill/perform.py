"""One drill from beginning to end: steady, broken, put back, steady again; then judged.

Whatever happens in between, an interruption too, what was broken is put back, the last first.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.drill.callers import Callers
from kaipiao.continuity.drill.experiment import Experiment, Step
from kaipiao.continuity.drill.journal import Taken
from kaipiao.continuity.drill.line import Line
from kaipiao.continuity.drill.sales import FIRST_SELLER, Desk
from kaipiao.continuity.drill.stage import Stage, StageRefused, Undo
from kaipiao.continuity.drill.watch import Watch

Say = Callable[[str, str], None]
"""Progress, as it is made: in Chinese, and in English."""

TILLS, BATCHERS, RIDERS = 8, 1, 2
TRY_S = 3.0
"""Below the limits of a partition: a caller who hangs at a dead door sees nothing else."""

BATCH_LINES, REST_S = (1, 20), 0.04
"""Some two hundred invoices a second: enough to be caught at any moment, and all can be judged."""

WARM_S, WARM_WITHIN_S = 2.0, 30.0
WARM_YES = 100
FORMED_WITHIN_S, STEADY_WITHIN_S, LOOK_EVERY_S = 240.0, 90.0, 0.5
"""A lab that was just made has three databases to make; one that was broken has to mend."""

AFTER_S = 1.0
SELLERS_APART = 40
DESKS = (10_000_000 - FIRST_SELLER) // SELLERS_APART


class Performance(msgspec.Struct):
    """What happened: the callers with all they heard, and the steps as they were taken."""

    callers: Callers
    watch: Watch
    steps: list[Taken] = msgspec.field(default_factory=list)
    fault_s: float = 0.0
    end_s: float = 0.0
    steady_s: float = 0.0  # when all that was broken had mended
    unsteady_after: list[Sentence] = msgspec.field(default_factory=list)


async def perform(
    experiment: Experiment, stage: Stage, *, seed: int, desk: int, say: Say
) -> Performance:
    """``desk`` chooses sellers of our own among ``DESKS``, so that drills can follow each other.

    Raises:
        StageRefused: it cannot be done here, or the cell is not steady; nothing was broken.
    """
    check_can(experiment, stage)
    await _be_steady(stage, say)
    async with _load(stage, seed, desk) as done:
        await _warm_up(done.callers)
        say("稳态, 负载中", "steady, and under load")
        undos: list[Undo] = []
        try:
            for step in experiment.steps:
                await _take(step, stage, done, undos, say)
        finally:
            await asyncio.shield(_put_back(undos, done, say))
        done.unsteady_after = await _until_steady(stage, say)
        done.steady_s = done.callers.now_s()
        await asyncio.sleep(AFTER_S)
        done.end_s = done.callers.now_s()
        say(
            "已复原; 每个调用方问到有答案为止",
            "put back; everybody asks until they are answered",
        )
        await done.callers.finish()
    return done


def check_can(experiment: Experiment, stage: Stage) -> None:
    """Raises StageRefused: an act of it is none of the stage's."""
    missing = {step.act for step in experiment.steps} - set(stage.acts) - {"wait"}
    if missing:
        raise StageRefused(
            zh=f"演练 {experiment.name} 在此处 ({stage.name}) 无法进行。列表: kaipiao drill --list",
            en=f"The drill {experiment.name} cannot be done here ({stage.name}). Drills of three "
            "members need --lab; what there is: kaipiao drill --list",
        )


async def _be_steady(stage: Stage, say: Say) -> None:
    """Do not kick what is down."""
    say("等待稳态", "waiting for the steady state")
    if faults := await _until_steady(stage, say, within_s=FORMED_WITHIN_S):
        raise StageRefused(
            zh=f"演练前不是稳态, 什么也没有做: {'; '.join(one.zh for one in faults)}",
            en=f"It is not steady, and nothing was broken: {'; '.join(one.en for one in faults)}",
        )


async def _until_steady(
    stage: Stage, say: Say, *, within_s: float = STEADY_WITHIN_S
) -> list[Sentence]:
    """Nothing as soon as it is steady; else what is still wrong when patience ends."""
    deadline = time.monotonic() + within_s
    told: list[Sentence] = []
    while faults := await stage.unsteady():
        if faults != told:
            told = faults
            say(
                f"尚未恢复稳态: {'; '.join(one.zh for one in faults)}",
                f"not steady yet: {'; '.join(one.en for one in faults)}",
            )
        if time.monotonic() > deadline:
            return faults
        await asyncio.sleep(LOOK_EVERY_S)
    return []


@asynccontextmanager
async def _load(stage: Stage, seed: int, desk: int) -> AsyncIterator[Performance]:
    """Callers at every door and a watch on every log, while the block runs."""
    row = Desk(desk % DESKS * SELLERS_APART)
    await open_shop(stage, row)
    callers = Callers(
        stage.doors,
        [stage.token],
        seed=seed,
        desk=row,
        try_s=TRY_S,
        batch_lines=BATCH_LINES,
        rest_s=REST_S,
    )
    watch = Watch(stage.logs, stage.vkey)
    watching = asyncio.create_task(watch.run())
    callers.start(tills=TILLS, batchers=BATCHERS, riders=RIDERS)
    try:
        yield Performance(callers, watch)
    finally:
        watching.cancel()
        callers.abandon()
        await asyncio.gather(watching, return_exceptions=True)


async def open_shop(stage: Stage, desk: Desk) -> None:
    """Grant every seller of the desk its credit line."""
    line = Line(stage.doors, stage.token)
    for seller in desk.sellers:
        body = msgspec.json.encode({"limit_fen": desk.limit_fen(seller)})
        async with asyncio.timeout(WARM_WITHIN_S):
            while (await line.ask(f"PUT /v1/credit-lines/{seller}", body)).status != 200:
                line.move_on()
                await asyncio.sleep(0.1)
    line.hang_up()


async def _warm_up(callers: Callers) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WARM_WITHIN_S):
            while callers.now_s() < WARM_S or callers.heard.counts["issued"] < WARM_YES:
                await asyncio.sleep(0.05)
            return
    raise StageRefused(
        zh=f"{WARM_WITHIN_S:.0f} 秒内没有开出 {WARM_YES} 张发票; 什么也没有做。"
        "请先看: kaipiao doctor",
        en=f"Not {WARM_YES} invoices within {WARM_WITHIN_S:.0f} s; nothing was broken. "
        "Look first: kaipiao doctor",
    )


async def _take(step: Step, stage: Stage, done: Performance, undos: list[Undo], say: Say) -> None:
    """Do one act, note it, and leave it for as long as the experiment says."""
    at_s = done.callers.now_s()
    if step.act == "wait":
        whom = "; ".join(one.en for one in await _until_steady(stage, say))
    else:
        whom, undo, struck_s = await stage.acts[step.act](step.target)
        undos += [undo] if undo else []
        if struck_s is not None:  # finding out whom to hit takes a moment, in which writes go on
            at_s = struck_s - done.callers.began_s
    if step.counts:
        done.fault_s = at_s
    took_s = round(done.callers.now_s() - at_s, 3)
    taken = Taken(
        at_s=round(at_s, 3), zh=step.zh, en=step.en, whom=whom, took_s=took_s, counts=step.counts
    )
    done.steps.append(taken)
    say(f"{at_s:6.1f} s  {step.zh} {whom}", f"{at_s:6.1f} s  {step.en} {whom}")
    await asyncio.sleep(step.hold_s)


async def _put_back(undos: list[Undo], done: Performance, say: Say) -> None:
    """Everything, the last first; one that fails keeps no other from being undone."""
    failed: list[Exception] = []
    while undos:
        at_s = done.callers.now_s()
        try:
            await undos.pop()()
        except Exception as error:
            failed.append(error)
        done.steps.append(Taken(at_s=round(at_s, 3), zh="复原", en="put back"))
        say(f"{at_s:6.1f} s  复原", f"{at_s:6.1f} s  put back")
    if failed:
        raise ExceptionGroup("not everything could be put back", failed)
