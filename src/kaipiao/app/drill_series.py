"""Drill after drill on what was made for them; an error in a later one loses nothing of the others.

A drill that did not hold ends the series on its lab or cell: what it left behind is no steady
state to begin from, and may be worth looking at.
"""

import secrets
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Protocol

from kaipiao.app.clock import SystemClock
from kaipiao.continuity.drill.experiment import Experiment
from kaipiao.continuity.drill.journal import Journal, compose_unjudged
from kaipiao.continuity.drill.perform import DESKS, Say, perform
from kaipiao.continuity.drill.reckon import compose_journal
from kaipiao.continuity.drill.stage import Stage, StageRefused
from kaipiao.continuity.drill.survey import survey

JUDGED_MOST = 200_000
"""Every invoice is judged after each drill, the old ones too: after so many a fresh stage is less
work than another look at all of them."""


class Planned(NamedTuple):
    """One try that is still to be made."""

    seed: int
    experiment: Experiment
    is_first: bool = False


class Scratch(Protocol):
    """A stage that was made for drills.  ``stays``: it is not removed when its block ends."""

    stays: bool

    @property
    def stage(self) -> Stage: ...


def plan(experiments: list[Experiment], seed: int) -> list[Planned]:
    """A seed for each, one after the other."""
    every = enumerate(experiments, seed)
    return [Planned(number, one, is_first=number == seed) for number, one in every]


async def drill_while_it_holds(
    scratch: Scratch, left: list[Planned], *, keep: bool, say: Say
) -> AsyncIterator[Journal]:
    """Takes from ``left`` until one did not hold, or there is too much to judge each time;
    each journal as soon as it is there.

    What a drill fails with is a journal too.  Raises StageRefused: it was the very first, so
    nothing was done at all.
    """
    held, told = True, 0
    while left and held and told < JUDGED_MOST:
        journal = await _drill(scratch, left.pop(0), keep=keep, say=say)
        held, told = journal.held, told + journal.acknowledged
        yield journal


async def _drill(scratch: Scratch, planned: Planned, *, keep: bool, say: Say) -> Journal:
    scratch.stays = keep  # until it has held: what fails in between is worth looking at, too
    try:
        journal = await _perform(scratch.stage, planned, say)
    except Exception as error:
        if planned.is_first and isinstance(error, StageRefused):
            raise
        told = {"version": version("kaipiao"), "began_at": _now()}
        stage, (seed, experiment, _) = scratch.stage.name, planned
        return compose_unjudged(experiment, stage, error, seed=seed, **told)
    except BaseException:
        scratch.stays = False  # whoever presses Ctrl-C wants nothing left behind
        raise
    scratch.stays = keep and not journal.held
    return journal


async def _perform(stage: Stage, planned: Planned, say: Say) -> Journal:
    """One drill on a stage that stands."""
    seed, experiment, _ = planned
    began_at = _now()
    done = await perform(experiment, stage, seed=seed, desk=secrets.randbelow(DESKS), say=say)
    found = await survey(stage)
    told = {"version": version("kaipiao"), "began_at": began_at}
    return compose_journal(experiment, stage, done, found, seed=seed, **told)


def _now() -> str:
    return SystemClock().now().isoformat(timespec="seconds")


def make_folder(scratch: str | None) -> Path:
    """A scratch folder that the database's own user may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="kaipiao-drill-", dir=scratch))
    folder.chmod(0o711)
    return folder


@contextmanager
def undisturbed() -> Iterator[None]:
    """Whoever presses Ctrl-C twice is impatient, and wants nothing left behind all the same."""
    before = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
