"""After a drill: what everybody heard against what survived, as one journal."""

import asyncio
import time
from pathlib import Path

from kaipiao.continuity.drill.books import Books, checkpoint_of, read_books
from kaipiao.continuity.drill.experiment import Experiment
from kaipiao.continuity.drill.history import by_second, longest_silence_s, recovery_s
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.judge import judge, one_log
from kaipiao.continuity.drill.perform import Performance
from kaipiao.continuity.drill.stage import Stage
from kaipiao.continuity.drill.tally import count
from kaipiao.evidence.checkpoint import CHECKPOINT_NAME
from kaipiao.ledger.inventory import count_issued

LOGGED_WITHIN_S = 30.0


async def survey(stage: Stage) -> tuple[Books, list[str]]:
    """The survivors' books, once the log has caught up; what is late is a finding."""
    dsn, deadline = await stage.dsn(), time.monotonic() + LOGGED_WITHIN_S
    late: list[str] = []
    while await count_issued(dsn) != _size(stage, furthest(stage)):
        if time.monotonic() > deadline:
            late = [f"the log is not complete {LOGGED_WITHIN_S:.0f} s after the last invoice"]
            break
        await asyncio.sleep(0.1)
    return await read_books(dsn, furthest(stage), stage.vkey), late


def furthest(stage: Stage) -> Path:
    """The folder of the member whose published log is the longest."""
    return max(stage.logs.values(), key=lambda folder: _size(stage, folder))


def _size(stage: Stage, folder: Path) -> int:
    try:
        note = (folder / CHECKPOINT_NAME).read_text(encoding="utf-8")
        return checkpoint_of(note, stage.vkey).size
    except (FileNotFoundError, ValueError):
        return 0


def compose_journal(
    experiment: Experiment,
    stage: Stage,
    done: Performance,
    books: Books,
    late: list[str],
    *,
    seed: int,
    version: str,
    began_at: str,
) -> Journal:
    """Judge everything; ``late`` are findings of the survey."""
    heard, acks, seen = done.callers.heard, done.callers.acks, done.watch.seen
    recovered_s = recovery_s(acks, done.fault_s)
    silence_s = longest_silence_s(acks, done.fault_s, done.end_s)
    findings = [*late, *done.watch.faults, *judge(books, heard, [])]
    for name, each in seen.items():
        findings += [f"{name}: {finding}" for finding in one_log(books, each)]
    findings += judge_times(recovered_s, silence_s, experiment.limit_s)
    findings += [f"not steady afterwards: {one.en}" for one in done.unsteady_after]
    tally = count(books, heard, seen)
    return Journal(
        drill=experiment.name,
        zh=experiment.zh,
        en=experiment.en,
        stage=stage.name,
        version=version,
        began_at=began_at,
        seed=seed,
        held=not findings,
        recovery_s=recovered_s,
        longest_silence_s=silence_s,
        limit_s=experiment.limit_s,
        acknowledged=tally.acknowledged,
        acknowledged_lost=tally.acknowledged_lost,
        duplicates=tally.duplicates,
        gaps=tally.gaps,
        overdrawn=tally.overdrawn,
        root_extends=tally.root_extends,
        steady_before=True,
        steady_after=not done.unsteady_after,
        took_s=round(done.callers.now_s(), 1),
        steps=done.steps,
        findings=findings,
        answers=dict(sorted(heard.counts.items())),
        load=by_second(acks, done.end_s),
    )


def judge_times(recovered_s: float | None, silence_s: float, limit_s: float) -> list[str]:
    """What took longer than the experiment allows."""
    if recovered_s is None:
        return ["no write was acknowledged after the fault"]
    findings = []
    if recovered_s > limit_s:
        findings.append(f"writes came back after {recovered_s} s, allowed are {limit_s} s")
    if silence_s > limit_s:
        findings.append(f"nobody heard a yes for {silence_s} s, allowed are {limit_s} s")
    return findings
