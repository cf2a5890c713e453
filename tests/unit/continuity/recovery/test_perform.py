"""Each step is written down before it is taken, and not taken when it is not so any more."""

import pytest

from kaipiao.continuity.recovery.course import Step
from kaipiao.continuity.recovery.perform import Line, Refused, perform, rehearse
from kaipiao.continuity.recovery.plan import plan
from kaipiao.continuity.recovery.seen import Seen
from tests.unit.continuity.recovery.test_plan import cell, cluster, member

BROKEN = cluster(member("n1"), member("n2", "crashed"), member("n3"))
SOUND = cluster(member("n1"), member("n2"), member("n3"))


class Hands:
    """Remembers what it was told to do, and what was in the journal by then."""

    def __init__(self, journal: list[Line], failure: Exception | None = None) -> None:
        self.journal = journal
        self.failure = failure
        self.did: list[tuple[str, str]] = []
        self.written: list[str] = []

    def do(self, step: Step) -> None:
        self.did.append((step.act, step.about))
        self.written = [line.outcome for line in self.journal]
        if self.failure:
            raise self.failure


def run(first: Seen, then: Seen, failure: Exception | None = None) -> tuple[Hands, list[Line]]:
    journal: list[Line] = []
    hands = Hands(journal, failure)
    lines = list(perform(first, lambda: then, hands, journal.append))
    assert lines == journal
    return hands, journal


def test_an_act_is_in_the_journal_with_its_reason_before_it_is_done() -> None:
    hands, journal = run(BROKEN, BROKEN)

    assert hands.did == [("reinit", "n2")]
    assert hands.written == ["told", "told", "asked"]
    assert [line.outcome for line in journal] == ["told", "told", "asked", "done"]
    assert all("n2 cannot follow" in line.why for line in journal)


@pytest.mark.parametrize(
    "then",
    [SOUND, cluster(member("n1"), member("n2", "crashed"), member("n3", is_in_quorum=False))],
    ids=["it came back", "the other one fell behind"],
)
def test_what_is_not_safe_any_more_is_not_done(then: Seen) -> None:
    hands, journal = run(BROKEN, then)

    assert hands.did == []
    assert journal[-1].outcome == "withdrawn"


@pytest.mark.parametrize("failure", [Refused("no"), OSError("no")])
def test_a_failure_is_written_down_and_ends_nothing_else(failure: Exception) -> None:
    _, journal = run(BROKEN, BROKEN, failure)

    assert (journal[-1].outcome, journal[-1].said) == ("failed", "no")


def test_a_journal_that_cannot_be_written_stops_everything() -> None:
    def full(_: Line) -> None:
        raise OSError("no space left on device")

    hands = Hands([])
    with pytest.raises(OSError, match="no space"):
        list(perform(BROKEN, lambda: BROKEN, hands, full))

    assert hands.did == []


def test_a_rehearsal_says_the_same_steps() -> None:
    told = [line.step for line in rehearse(BROKEN)]

    assert told == [step for course in plan(BROKEN) for step in course.steps]
    assert list(rehearse(cell())) == []
