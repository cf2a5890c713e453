"""Taking the steps of a plan, each written down before it is taken and after it was.

Before each act the world is looked at anew and the plan made anew: if the step is not in it any
more, it is not taken.  A crash between two lines of the journal leaves the first one, and a
second run looks again: every act may be repeated.
"""

from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import msgspec

from kaipiao.continuity.recovery.course import Course, Step
from kaipiao.continuity.recovery.plan import plan
from kaipiao.continuity.recovery.seen import Seen

Outcome = Literal["told", "would", "asked", "done", "failed", "withdrawn"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the journal.  ``told``: an engine below had done it; ``would``: a dry run."""

    kind: str
    about: str
    step: Step
    outcome: Outcome
    why: str  # what was found
    said: str = ""  # of a failure


class Hands(Protocol):
    """Those who do it; each raises ``OSError`` or ``Refused`` if it could not be done."""

    def do(self, step: Step) -> None: ...


class Refused(Exception):
    """Whoever had to do it would not; ``str`` says why."""


def perform(
    first: Seen, look: Callable[[], Seen], hands: Hands, write: Callable[[Line], None]
) -> Iterator[Line]:
    """Take every step that is safe; each line is durable (``write``) before it is given out."""
    for course in plan(first):
        for step in course.steps:
            for line in _take(course, step, look, hands):
                write(line)
                yield line


def rehearse(seen: Seen) -> Iterator[Line]:
    """The same lines, and nothing is done or written."""
    for course in plan(seen):
        for step in course.steps:
            yield _line(course, step, "would" if step.act else "told")


def _take(course: Course, step: Step, look: Callable[[], Seen], hands: Hands) -> Iterator[Line]:
    if not step.act:
        yield _line(course, step, "told")
        return
    if step not in [one for again in plan(look()) for one in again.acts]:
        yield _line(course, step, "withdrawn", "it is not so any more")
        return
    yield _line(course, step, "asked")
    try:
        hands.do(step)
    except (OSError, Refused) as failure:
        yield _line(course, step, "failed", str(failure) or type(failure).__name__)
        return
    yield _line(course, step, "done")


def _line(course: Course, step: Step, outcome: Outcome, said: str = "") -> Line:
    found = course.finding
    return Line(
        kind=found.kind, about=found.about, step=step, outcome=outcome, why=found.en, said=said
    )
