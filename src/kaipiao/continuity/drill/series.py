"""Many tries of many drills, on one machine: kept as one file, shown drill by drill."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from kaipiao.continuity.drill.journal import Journal

HEADS = (
    "drill",
    "limit s",
    "held",
    "silence s, each try",
    "acknowledged",
    "lost",
    "twice",
    "gaps",
    "errors",
)


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """``machine``: in words, for a figure without it says nothing."""

    machine: str
    journals: list[Journal]


class Tries(NamedTuple):
    """Every try of one drill, in their order."""

    drill: str
    journals: list[Journal]

    @property
    def limit_s(self) -> float:
        return self.journals[-1].limit_s

    @property
    def held(self) -> int:
        return sum(one.held for one in self.journals)

    @property
    def acknowledged(self) -> int:
        return sum(one.acknowledged for one in self.journals)

    @property
    def broken(self) -> tuple[int, int, int, int]:
        """Lost, twice, gaps, and errors that reached a caller of our client."""
        every = self.journals
        return (
            sum(one.acknowledged_lost for one in every),
            sum(one.duplicates for one in every),
            sum(one.gaps for one in every),
            sum(one.client_errors for one in every),
        )


def by_drill(journals: Iterable[Journal]) -> list[Tries]:
    """In the order in which each drill was first done."""
    found: dict[str, list[Journal]] = {}
    for one in journals:
        found.setdefault(one.drill, []).append(one)
    return [Tries(drill, tries) for drill, tries in found.items()]


def render_series(series: Series) -> bytes:
    """One journal a line, so that a file of many can be looked at and compared."""
    lines = b",\n".join(msgspec.json.encode(one) for one in series.journals)
    machine = msgspec.json.encode(series.machine)
    return b'{"machine":%b,"journals":[\n%b\n]}\n' % (machine, lines)


def parse_series(text: bytes) -> Series:
    """Raises msgspec.ValidationError, DecodeError: it is none."""
    return msgspec.json.decode(text, type=Series)


def render_report(every: Sequence[Series], picture: str) -> str:
    """All that was kept as one page of Markdown; ``picture`` is the name of its file."""
    journals = [one for series in every for one in series.journals]
    held = sum(one.held for one in journals)
    parts = [
        "# Drills of three members, every try",
        "Written by `kaipiao drill all --lab --into`. What each of them breaks: "
        "`kaipiao drill --list`; how it is judged: `kaipiao drill --help`.",
        f"{len(journals)} drills, {held} held; "
        f"{sum(one.acknowledged for one in journals):,} invoices were acknowledged.",
        _table(by_drill(journals)),
        "Seconds for which nobody heard a yes, each try; **bold**: that try did not hold. "
        "*Errors* are those that reached a caller of our own client after its ordinary retries.",
        f"![Acknowledged a second around the fault, each try]({picture})",
        *_machines(every),
        *_missed(journals),
    ]
    return "\n\n".join(parts) + "\n"


def _table(tries: list[Tries]) -> str:
    head = " | ".join(HEADS)
    return "\n".join([f"| {head} |", "|---" * len(HEADS) + "|", *map(_row, tries)])


def _row(tries: Tries) -> str:
    seconds = ", ".join(_seconds(one) for one in tries.journals)
    broken = " | ".join(map(str, tries.broken))
    held = f"{tries.held} of {len(tries.journals)}"
    return (
        f"| {tries.drill} | {tries.limit_s:g} | {held} | {seconds} | {tries.acknowledged:,} "
        f"| {broken} |"
    )


def _seconds(journal: Journal) -> str:
    told = f"{journal.longest_silence_s:.2f}" if journal.load else "not judged"
    return told if journal.held else f"**{told}**"


def _machines(every: Sequence[Series]) -> list[str]:
    lines = [
        f"- {one.journals[0].began_at}, {len(one.journals)} drills, kaipiao "
        f"{one.journals[0].version}: {one.machine}"
        for one in every
        if one.journals
    ]
    return ["## On which machine", "\n".join(lines)]


def _missed(journals: list[Journal]) -> list[str]:
    """What did not hold, in the judge's words."""
    lines = [
        f"- {one.drill}, {one.began_at}: {finding}" for one in journals for finding in one.findings
    ]
    return ["## What did not hold", "\n".join(lines)] if lines else []
