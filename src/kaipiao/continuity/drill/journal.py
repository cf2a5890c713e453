"""What a drill leaves behind: numbers for scripts, sentences for people, a load for the picture."""

import msgspec

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


def render(journal: Journal | list[Journal]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(journal), indent=1) + b"\n"
