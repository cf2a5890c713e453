"""What a drill leaves behind: numbers for scripts, sentences for people, a load for the picture."""

import traceback

import msgspec

from kaipiao.continuity.drill.experiment import Experiment
from kaipiao.continuity.drill.history import Second


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One step as it was taken: when (seconds of the drill), at whom, for how long it took."""

    at_s: float
    zh: str
    en: str
    whom: str = ""
    took_s: float = 0.0
    counts: bool = False


class Journal(msgspec.Struct, frozen=True, kw_only=True):
    """``drill --json`` writes this.  ``findings`` is empty if and only if every promise held."""

    drill: str
    zh: str
    en: str
    stage: str
    version: str
    began_at: str
    seed: int
    held: bool
    recovery_s: float | None
    longest_silence_s: float
    limit_s: float
    acknowledged: int
    acknowledged_lost: int
    duplicates: int
    gaps: int
    overdrawn: int
    root_extends: bool
    steady_before: bool
    steady_after: bool
    took_s: float
    steps: list[Taken]
    findings: list[str]
    answers: dict[str, int]
    load: list[Second]
    silence_at_s: float = 0.0  # when the longest silence began
    steady_again_s: float = 0.0  # from the fault until every member is as it should be
    times_back: int = 0  # invoices dated before the number before them
    client_calls: int = 0  # through our own client, with its ordinary retries
    client_errors: int = 0  # of those that reached whoever called
    client_slowest_s: float = 0.0


def render(journal: Journal | list[Journal]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(journal), indent=1) + b"\n"


def compose_unjudged(
    experiment: Experiment, stage: str, error: Exception, *, version: str, began_at: str, seed: int
) -> Journal:
    """The journal of a drill that failed on the way: nothing was judged, so nothing held."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({one.name}, line {one.lineno})" for one in last)
    return Journal(
        drill=experiment.name,
        zh=experiment.zh,
        en=experiment.en,
        stage=stage,
        version=version,
        began_at=began_at,
        seed=seed,
        held=False,
        recovery_s=None,
        longest_silence_s=0.0,
        limit_s=experiment.limit_s,
        acknowledged=0,
        acknowledged_lost=0,
        duplicates=0,
        gaps=0,
        overdrawn=0,
        root_extends=False,
        steady_before=False,
        steady_after=False,
        took_s=0.0,
        steps=[],
        findings=[f"not judged, the drill failed: {error!r}{where}"],
        answers={},
        load=[],
    )
