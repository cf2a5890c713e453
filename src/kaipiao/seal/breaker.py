"""A circuit breaker (熔断器): pure, its clock handed in.

    closed ── enough failures in the window, or one lie ──► open
    open ── its pause is over ──► half-open ── the one probe answers well ──► closed
                                      └────── it does not: twice the pause ──► open

Whoever may ask is given a ticket and tells how it ended.  What ends after the state has changed
says nothing about the state there is now and is not counted; a lie always is.  A ticket whose end
nobody knows (``unknown``: the asker was cancelled) only makes room for the next probe.
"""

from collections import deque
from typing import Literal, NamedTuple

from kaipiao.fiscal.seal import BREAKER_STATES, BreakerState

Ending = Literal["well", "failed", "lied", "unknown"]


class Policy(NamedTuple):
    """When a breaker opens, and for how long."""

    window_s: float = 30.0
    failures: int = 5  # so many in the window, and not fewer than half of all that ended in it
    first_pause_s: float = 5.0
    last_pause_s: float = 60.0  # so long at most after a vendor is well again it is asked again
    lie_pause_s: float = 300.0


class Ticket(NamedTuple):
    era: int
    is_probe: bool


class Breaker:
    """``now`` is in seconds of any clock; one that goes back stands still for us."""

    def __init__(self, policy: Policy, now: float) -> None:
        self._policy = policy
        self._state: BreakerState = "closed"
        self._era = 0
        self._since = self._told = now
        self._pause_s = policy.first_pause_s
        self._probing = False
        self._ended: deque[tuple[float, bool]] = deque()  # when, and whether it failed
        self._times: dict[BreakerState, float] = dict.fromkeys(BREAKER_STATES, 0.0)

    def state(self, now: float) -> BreakerState:
        self._advance(now)
        return self._state

    def since_s(self, now: float) -> float:
        """For how long it has been in this state."""
        self._advance(now)
        return self._told - self._since

    def opens_again_in_s(self, now: float) -> float:
        """How long nobody need ask; 0 when somebody may be admitted."""
        self._advance(now)
        return self._since + self._pause_s - self._told if self._state == "open" else 0.0

    def times(self, now: float) -> dict[BreakerState, float]:
        """Seconds in each state since it was made; together they are all the time there was."""
        self._advance(now)
        return dict(self._times)

    def admit(self, now: float) -> Ticket | None:
        """A ticket for one question; None: do not ask."""
        self._advance(now)
        if self._state == "closed":
            return Ticket(self._era, is_probe=False)
        if self._state == "open" or self._probing:
            return None
        self._probing = True
        return Ticket(self._era, is_probe=True)

    def tell(self, ticket: Ticket, ending: Ending, now: float) -> None:
        """How the question ended for which ``ticket`` was given; once for each ticket."""
        self._advance(now)
        if ending == "lied":
            self._open(self._policy.lie_pause_s)
        elif ticket.era != self._era:
            return
        elif ticket.is_probe:
            self._end_probe(ending)
        elif ending != "unknown":
            self._count(failed=ending == "failed")

    def _end_probe(self, ending: Ending) -> None:
        self._probing = False
        if ending == "well":
            self._pause_s = self._policy.first_pause_s
            self._turn("closed")
        elif ending == "failed":
            self._open(min(2 * self._pause_s, self._policy.last_pause_s))

    def _count(self, *, failed: bool) -> None:
        self._ended.append((self._told, failed))
        while self._ended[0][0] < self._told - self._policy.window_s:
            self._ended.popleft()
        failures = sum(one for _, one in self._ended)
        if failures >= self._policy.failures and 2 * failures >= len(self._ended):
            self._open(self._pause_s)

    def _open(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._turn("open")

    def _turn(self, state: BreakerState) -> None:
        self._state, self._since = state, self._told
        self._era += 1
        self._probing = False
        self._ended.clear()

    def _advance(self, now: float) -> None:
        """Let time pass; a pause that is over ends at its own instant, not when we look."""
        now = max(now, self._told)
        if self._state == "open" and now >= self._since + self._pause_s:
            self._pass(self._since + self._pause_s)
            self._turn("half-open")
        self._pass(now)

    def _pass(self, until: float) -> None:
        self._times[self._state] += max(0.0, until - self._told)
        self._told = max(self._told, until)
