"""After a drill: what everybody heard against what survived, as one journal."""

from kaipiao.client.retry import Budget
from kaipiao.continuity.drill.experiment import Experiment
from kaipiao.continuity.drill.history import by_second, longest_silence, recovery_s
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.judge import few, judge, one_log
from kaipiao.continuity.drill.perform import Performance
from kaipiao.continuity.drill.stage import Stage
from kaipiao.continuity.drill.survey import Survey
from kaipiao.continuity.drill.tally import count
from kaipiao.continuity.drill.times import judge_times, steps_back_s


def compose_journal(
    experiment: Experiment,
    stage: Stage,
    done: Performance,
    survey: Survey,
    *,
    seed: int,
    version: str,
    began_at: str,
) -> Journal:
    """Judge everything."""
    books, rides = survey.books, done.callers.rides
    heard, acks, seen = done.callers.heard, done.callers.acks, done.watch.seen
    recovered_s = recovery_s(acks, done.fault_s)
    silence = longest_silence(acks, done.fault_s, done.end_s)
    findings = [*survey.findings, *done.watch.faults, *judge(books, heard, [])]
    for name, each in seen.items():
        findings += [f"{name}: {finding}" for finding in one_log(books, each)]
    findings += few(judge_times(books, heard, experiment.clock_s))
    if experiment.limit_s < Budget().within_s:  # else writes may stop for longer than it waits
        findings += few(f"our client told its caller of an error: {one}" for one in rides.errors)
    findings += judge_limits(recovered_s, silence.lasts_s, experiment.limit_s)
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
        longest_silence_s=silence.lasts_s,
        silence_at_s=silence.at_s,
        limit_s=experiment.limit_s,
        acknowledged=tally.acknowledged,
        acknowledged_lost=tally.acknowledged_lost,
        duplicates=tally.duplicates,
        gaps=tally.gaps,
        overdrawn=tally.overdrawn,
        root_extends=tally.root_extends,
        steady_again_s=round(done.steady_s - done.fault_s, 1),
        times_back=len(steps_back_s(books, heard)),
        client_calls=rides.calls,
        client_errors=len(rides.errors),
        client_slowest_s=rides.slowest_s,
        steady_before=True,
        steady_after=not done.unsteady_after,
        took_s=round(done.callers.now_s(), 1),
        steps=done.steps,
        findings=findings,
        answers=dict(sorted(heard.counts.items())),
        load=by_second(acks, done.end_s),
    )


def judge_limits(recovered_s: float | None, silence_s: float, limit_s: float) -> list[str]:
    """What took longer than the experiment allows."""
    if recovered_s is None:
        return ["no write was acknowledged after the fault"]
    findings = []
    if recovered_s > limit_s:
        findings.append(f"writes came back after {recovered_s} s, allowed are {limit_s} s")
    if silence_s > limit_s:
        findings.append(f"nobody heard a yes for {silence_s} s, allowed are {limit_s} s")
    return findings
