"""``./run drill kills``: kill -9, two hundred times, at random moments under load.

    worker       a process that answers HTTP
    database     the postmaster
    backend      one of PostgreSQL's other processes
    log          the process that writes the evidence log
    supervisor   ``kaipiao up`` itself; then it is started again
    everything   all of them at once, as a power cut; then it is started again

After a kill we mostly wait until somebody is told yes again, and sometimes do not: a second
blow while the cell gets up from the first is the more interesting one.
"""

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from drills.cell import Cell, kill, open_cell
from drills.drill import Drill, open_drill
from kaipiao.continuity.drill.books import Books
from kaipiao.continuity.drill.heard import Heard

GAP_S = 0.7
"""The longest quiet before a kill; the quiet is uniform."""

BACK_WITHIN_S = 30.0
IMPATIENCE = 0.25
TELL_EVERY = 20
TILLS, BATCHERS = 20, 2


class Kind(NamedTuple):
    """What is killed, how often among all, and whether the supervisor is started again."""

    name: str
    share: int
    victims: Callable[[Cell, Random], list[int]]
    is_fatal: bool = False


def _one(pids: list[int], rng: Random) -> list[int]:
    return [rng.choice(pids)] if pids else []


KINDS = (
    Kind("worker", 30, lambda cell, rng: _one(cell.workers(), rng)),
    Kind("database", 15, lambda cell, rng: _one(cell.postmasters(), rng)),
    Kind("backend", 15, lambda cell, rng: _one(cell.backends(), rng)),
    Kind("log", 15, lambda cell, rng: _one(cell.log_writers(), rng)),
    Kind("supervisor", 12, lambda cell, _: [cell.pid], is_fatal=True),
    Kind("everything", 13, lambda cell, _: cell.pids(), is_fatal=True),
)


class Outcome(msgspec.Struct, kw_only=True):
    """What a drill found.  Nothing in ``findings``: every promise held."""

    seed: int
    kills: dict[str, int]
    seconds: float
    told_yes: int
    stored: int
    leaves: int
    checkpoints_seen: int
    proofs_verified: int
    answers: dict[str, int]
    back_s: dict[str, dict[str, float]]  # by kind: until the next yes, median and longest
    findings: list[str]


class Killer:
    """Kills, brings back, and measures how long the callers heard no yes."""

    def __init__(self, cell: Cell, heard: Heard, rng: Random) -> None:
        self._cell = cell
        self._heard = heard
        self._rng = rng
        self.done: Counter[str] = Counter()
        self.back_s: dict[str, list[float]] = {}

    async def run(self, times: int, say: Callable[[str], None]) -> None:
        """Raises DidNotStart."""
        for number, kind in enumerate(schedule(times, self._rng), 1):
            await asyncio.sleep(self._rng.uniform(0, GAP_S))
            await self._strike(kind)
            if number % TELL_EVERY == 0:
                say(f"{number} of {times} killed, {len(self._heard.receipts)} invoices told")

    async def _strike(self, kind: Kind) -> None:
        loop = asyncio.get_running_loop()
        while not (victims := kind.victims(self._cell, self._rng)):
            await asyncio.sleep(0.05)  # it is just being brought back
        began, before = loop.time(), self._heard.counts["yes"]
        kill(victims)
        self.done[kind.name] += 1
        if kind.is_fatal:
            await self._cell.wait_until_dead()
            await self._cell.start()
        if not kind.is_fatal and self._rng.random() < IMPATIENCE:
            return
        while self._heard.counts["yes"] == before:
            if loop.time() - began > BACK_WITHIN_S:
                self._heard.fault(f"{kind.name} killed: no yes for {BACK_WITHIN_S} s")
                return
            await asyncio.sleep(0.01)
        self.back_s.setdefault(kind.name, []).append(loop.time() - began)


def schedule(times: int, rng: Random) -> list[Kind]:
    """Each kind by its share, at least once if there is room; in random order."""
    whole = sum(kind.share for kind in KINDS)
    plan = [kind for kind in KINDS for _ in range(times * kind.share // whole)]
    rest = [kind for kind in KINDS if kind not in plan] + list(KINDS)
    plan += rest[: times - len(plan)]
    rng.shuffle(plan)
    return plan


async def run_kills(
    folder: Path, *, times: int, seed: int, say: Callable[[str], None] = print
) -> Outcome:
    """The whole drill, on a scratch folder.  Raises DidNotStart."""
    rng = Random(seed)  # noqa: S311  a drill that cannot be asked for again teaches less
    began = asyncio.get_running_loop().time()
    async with open_cell(folder) as cell, open_drill(cell, seed=seed) as drill:
        drill.callers.start(tills=TILLS, batchers=BATCHERS)
        killer = Killer(cell, drill.callers.heard, rng)
        await killer.run(times, say)
        say("all asked until they are answered; then every word is judged")
        books, findings = await drill.reckon()
        seconds = asyncio.get_running_loop().time() - began
        return compose_outcome(drill, killer, books, findings, seed=seed, seconds=seconds)


def compose_outcome(
    drill: Drill, killer: Killer, books: Books, findings: list[str], *, seed: int, seconds: float
) -> Outcome:
    heard = drill.callers.heard
    return Outcome(
        seed=seed,
        kills=dict(killer.done),
        seconds=round(seconds, 1),
        told_yes=len(heard.receipts),
        stored=len(books.invoices),
        leaves=len(books.entries),
        checkpoints_seen=len(drill.seen),
        proofs_verified=len(heard.proofs),
        answers=dict(sorted(heard.counts.items())),
        back_s={
            kind: {"median": round(statistics.median(took), 2), "longest": round(max(took), 2)}
            for kind, took in sorted(killer.back_s.items())
        },
        findings=findings,
    )
