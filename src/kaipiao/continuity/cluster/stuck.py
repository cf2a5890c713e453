"""When a standby is stuck, and what is done: first its programs anew, then its data.  Pure.

A standby is *well* while it streams from the primary, on his timeline.  One that is not well is
given time for as long as something moves: WAL is replayed, or data is copied.  Nothing moves for
``STUCK_S`` while there is a primary to follow: Patroni and PostgreSQL are started anew, which looks
again at whether the data must be wound back.  Still nothing: the data is thrown away and copied
from the primary.  So "starting" for ever, a standby that asks for WAL that is gone, and a rewind
that fails again and again have a way out without a person.

Throwing data away is held to what keeps every acknowledged invoice twice:

- never the member that leads, never without a primary that answers, not while paused;
- never one that commits count on;
- one at a time, and the least useful first: one that was never consistent could not be promoted;
- not onto a disk that is nearly full, and at most ``REBUILDS_MAX`` times in ``REBUILDS_WITHIN_S``:
  what did not help twice hides another cause, and each copy costs the primary.
"""

from typing import Literal, NamedTuple

from kaipiao.continuity.cluster.view import ClusterView, MemberView

STUCK_S = 45.0
"""A start of Patroni takes seconds, on a busy machine twenty; in those nothing moves."""

APART_S = 30.0
"""Between the starts of two that are stuck: their Patronis may hold two of the store's three votes,
and without a majority the primary would step down as well."""

REBUILDS_MAX, REBUILDS_WITHIN_S = 2, 3600.0
"""The circuit breaker; ``recovery/breaker.py`` has the same for what a person starts."""

Step = Literal["", "restart", "rebuild", "wait"]
"""``wait``: it would be rebuilt, and it is not its turn, or not safe now."""

COPYING = "creating replica"


class Movement(NamedTuple):
    """How far it is.  ``segment``: the WAL file that is replayed (16 hex digits, no timeline);
    ``copied_bytes``: read and written by a rewind, a copy or a crash recovery that runs."""

    segment: str = ""
    copied_bytes: int = 0


class Stuck:
    """One member, watched; ``look`` says what is to be done now."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seen_s: float | None = None
        self._begin()
        self._steps = 0
        self._rebuilt_s: list[float] = []

    def look(self, view: ClusterView, moved: Movement, *, now_s: float) -> Step:
        """What ``view`` and ``moved`` call for at ``now_s``."""
        passed_s = now_s - self._seen_s if self._seen_s is not None else 0.0
        self._seen_s = now_s
        if is_well(view, self._name):
            self._begin()
            self._steps = 0
        elif self._is_further(moved):
            self._still_s = 0.0
        elif can_follow(view, self._name):  # else time stands still, and nothing is forgotten
            self._still_s += passed_s
        return self._next(view, now_s) if self._still_s >= STUCK_S else ""

    def _begin(self) -> None:
        self._furthest, self._still_s = Movement(), 0.0

    def _next(self, view: ClusterView, now_s: float) -> Step:
        if not can_follow(view, self._name):
            return ""
        is_again = self._steps % 2 == 1
        if not is_again and self._still_s < STUCK_S + APART_S * _ahead(view, self._name):
            return ""
        if is_again and not (may_rebuild(view, self._name) and self._is_closed(now_s)):
            return "wait"
        if is_again:
            self._rebuilt_s.append(now_s)
        self._steps += 1
        self._begin()
        return "rebuild" if is_again else "restart"

    def _is_closed(self, now_s: float) -> bool:
        """Whether the breaker lets one more rebuild through."""
        self._rebuilt_s = [then for then in self._rebuilt_s if now_s - then < REBUILDS_WITHIN_S]
        return len(self._rebuilt_s) < REBUILDS_MAX

    def _is_further(self, moved: Movement) -> bool:
        """Beyond everything before: what begins at the same place again and again gets nowhere."""
        before = self._furthest
        self._furthest = Movement(
            max(before.segment, moved.segment), max(before.copied_bytes, moved.copied_bytes)
        )
        return self._furthest != before


def is_well(view: ClusterView, name: str) -> bool:
    """Whether the member leads, or streams on the primary's timeline."""
    one = view.member(name)
    if view.leader is None or not one.is_reachable:
        return False
    timeline = view.member(view.leader).timeline
    streams = one.state == "streaming" and (one.timeline or timeline) == timeline
    return view.leader == name or streams


def can_follow(view: ClusterView, name: str) -> bool:
    """Whether it can be judged: it answers, there is a primary at work, nobody asked for quiet."""
    if view.leader in (None, name) or view.is_paused or not view.member(name).is_reachable:
        return False
    primary = view.member(view.leader)
    return primary.is_reachable and primary.state == "running"


def may_rebuild(view: ClusterView, name: str) -> bool:
    """Whether this member's data may be thrown away now, and it is the one whose turn it is."""
    one = view.member(name)
    if not can_follow(view, name) or one.is_in_quorum or one.is_disk_short:
        return False
    standbys = [one for one in view.members if one.role == "standby"]
    if any(one.state == COPYING for one in standbys):
        return False
    broken = [one for one in standbys if can_follow(view, one.name) and _is_broken(view, one)]
    return bool(broken) and min(broken, key=_use).name == name


def _ahead(view: ClusterView, name: str) -> int:
    """How many others are stuck, and come first."""
    one = view.member(name)
    others = [other for other in view.members if other.name not in (name, view.leader)]
    return sum(
        other.role == "standby" and not is_well(view, other.name) and _use(other) < _use(one)
        for other in others
    )


def _is_broken(view: ClusterView, member: MemberView) -> bool:
    return not (member.is_in_quorum or is_well(view, member.name))


def _use(member: MemberView) -> tuple[bool, str]:
    """The less, the smaller: only one that runs was ever consistent."""
    return member.state == "running", member.name
