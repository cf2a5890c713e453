"""A breaker opens on failures, lets one probe through after its pause, and counts every second."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kaipiao.seal.breaker import Breaker, Policy, Ticket

POLICY = Policy(window_s=30, failures=5, first_pause_s=5, last_pause_s=40, lie_pause_s=90)
LONGEST_S = 90


def failing(breaker: Breaker, now: float, times: int = POLICY.failures) -> None:
    for _ in range(times):
        ticket = breaker.admit(now)
        assert ticket is not None
        breaker.tell(ticket, "failed", now)


def test_it_opens_at_the_last_of_enough_failures() -> None:
    breaker = Breaker(POLICY, 0)
    failing(breaker, 1, POLICY.failures - 1)
    assert breaker.state(1) == "closed"
    failing(breaker, 1, 1)

    assert breaker.state(1) == "open"
    assert breaker.admit(5.9) is None


def test_failures_that_are_fewer_than_half_do_not_open_it() -> None:
    breaker = Breaker(POLICY, 0)
    for n in range(40):
        ticket = breaker.admit(n / 10)
        assert ticket is not None
        breaker.tell(ticket, "failed" if n % 3 == 2 else "well", n / 10)

    assert breaker.state(4) == "closed"


def test_failures_are_forgotten_after_the_window() -> None:
    breaker = Breaker(POLICY, 0)
    for n in range(20):
        failing(breaker, n * POLICY.window_s / 3, 1)

    assert breaker.state(200) == "closed"


def test_one_probe_closes_it_or_doubles_its_pause_up_to_the_last() -> None:
    breaker, now, pauses = Breaker(POLICY, 0), 0.0, []
    failing(breaker, now)
    for _ in range(5):
        pauses.append(breaker.opens_again_in_s(now))
        now += pauses[-1]
        probe = breaker.admit(now)
        assert probe is not None
        assert probe.is_probe
        assert breaker.admit(now) is None, "one probe at a time"
        breaker.tell(probe, "failed", now)
    assert pauses == [5, 10, 20, 40, 40]

    now += 40
    probe = breaker.admit(now)
    assert probe is not None
    breaker.tell(probe, "well", now)
    assert breaker.state(now) == "closed"
    failing(breaker, now)
    assert breaker.opens_again_in_s(now) == 5, "it starts afresh"


def test_one_lie_opens_it_for_the_longest_pause_even_late() -> None:
    breaker = Breaker(POLICY, 0)
    late, first = breaker.admit(0), breaker.admit(0)
    assert late is not None
    assert first is not None
    breaker.tell(first, "lied", 1)
    assert breaker.opens_again_in_s(1) == LONGEST_S
    breaker.tell(late, "lied", 21)

    assert breaker.opens_again_in_s(21) == LONGEST_S


def test_a_probe_nobody_knows_the_end_of_makes_room_for_the_next() -> None:
    breaker = Breaker(POLICY, 0)
    failing(breaker, 0)
    probe = breaker.admit(5)
    assert probe is not None
    breaker.tell(probe, "unknown", 6)

    assert breaker.state(6) == "half-open"
    assert breaker.admit(6) is not None


def test_what_ends_after_the_state_changed_says_nothing() -> None:
    breaker = Breaker(POLICY, 0)
    late = breaker.admit(0)
    assert late is not None
    failing(breaker, 0)
    breaker.tell(late, "well", 1)
    assert breaker.state(1) == "open"
    probe = breaker.admit(5)
    assert probe is not None
    breaker.tell(late, "failed", 5)

    assert breaker.state(5) == "half-open"
    assert breaker.admit(5) is None, "the probe is still under way"


def test_failures_of_before_it_opened_do_not_open_it_again() -> None:
    breaker = Breaker(POLICY, 0)
    late = [breaker.admit(0) for _ in range(POLICY.failures)]
    failing(breaker, 0)
    probe = breaker.admit(5)
    assert probe is not None
    breaker.tell(probe, "well", 5)
    for ticket in late:
        assert ticket is not None
        breaker.tell(ticket, "failed", 5)

    assert breaker.state(5) == "closed"


def test_a_pause_ends_at_its_own_instant_however_late_somebody_looks() -> None:
    breaker = Breaker(POLICY, 0)
    failing(breaker, 2)

    assert breaker.times(20) == {"closed": 2, "open": 5, "half-open": 13}
    assert breaker.since_s(20) == 13


@given(st.lists(st.floats(min_value=0, max_value=500), min_size=1, max_size=30))
def test_every_second_is_counted_in_exactly_one_state(moments: list[float]) -> None:
    """Also those that a clock takes back, which are none."""
    breaker, latest = Breaker(POLICY, 0), 0.0
    failing(breaker, 0)
    for now in moments:
        latest = max(latest, now)
        if ticket := breaker.admit(now):
            breaker.tell(ticket, "failed", now)
        assert sum(breaker.times(now).values()) == pytest.approx(latest)


@dataclass
class Facts:
    """What an onlooker knows of a breaker, without knowing how it works."""

    now: float = 0.0
    out: list[Ticket] = field(default_factory=list)
    opened_at: float | None = None


class BreakerMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order, somebody is admitted again in the end."""

    @initialize()
    def begin(self) -> None:
        self.breaker, self.facts = Breaker(POLICY, 0), Facts()

    @rule(seconds=st.integers(0, 60))
    def time_passes(self, seconds: int) -> None:
        self.facts.now += seconds

    @rule()
    def someone_asks(self) -> None:
        before = self.breaker.state(self.facts.now)
        probes = [one for one in self.facts.out if one.is_probe]
        ticket = self.breaker.admit(self.facts.now)
        if before == "open":
            assert ticket is None
        elif before == "closed":
            assert ticket is not None
            assert not ticket.is_probe
        elif ticket is not None:
            assert ticket.era not in {one.era for one in probes}, "two probes at once"
        if ticket is not None:
            self.facts.out.append(ticket)

    @rule(data=st.data(), ending=st.sampled_from(["well", "failed", "lied", "unknown"]))
    def one_ends(self, data: st.DataObject, ending: str) -> None:
        if self.facts.out:
            which = data.draw(st.integers(0, len(self.facts.out) - 1))
            self.breaker.tell(self.facts.out.pop(which), ending, self.facts.now)  # type: ignore[arg-type]
            if ending == "lied":
                assert self.breaker.state(self.facts.now) == "open"

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        """Once all that is out has ended, the longest pause is the longest wait."""
        wait = self.breaker.opens_again_in_s(self.facts.now)
        assert 0 <= wait <= LONGEST_S

    def teardown(self) -> None:
        for ticket in self.facts.out:
            self.breaker.tell(ticket, "unknown", self.facts.now)
        assert self.breaker.admit(self.facts.now + LONGEST_S) is not None


TestBreakerMachine = BreakerMachine.TestCase
