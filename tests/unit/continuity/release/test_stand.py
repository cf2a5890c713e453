"""Members take a release one after another, in any number of walks; no old program ever meets a
schema that it does not know."""

import contextlib
from collections.abc import Iterator, Set
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.continuity.release.current import (
    Current,
    Program,
    ReleaseRefused,
    finished,
    finishing,
    opened,
    rolled_back,
)
from kaipiao.continuity.release.stand import Stand, in_turn, to_apply, to_finish, to_roll_back

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OLD = Program("/opt/1/bin/python", "1")
NAMES = ("n1", "n2", "n3")
Asked = tuple[str, Program, int, set[str], bool]
walks = st.lists(
    st.tuples(
        st.sampled_from(["apply", "rollback", "finish"]),
        st.sampled_from([Program("/opt/2/bin/python", "2"), Program("/opt/3/bin/python", "3")]),
        st.integers(0, 6),  # the walk is cut off after so many acts
        st.sets(st.sampled_from(NAMES), max_size=1),  # who is not there
        st.booleans(),  # and is left out, where that is only a way back
    ),
    max_size=10,
)


class Members:
    """The acts of ``walk.py`` on members that are nothing but their ``release.json``."""

    def __init__(self) -> None:
        self.current = {name: Current(program=OLD) for name in NAMES}
        self.is_post_of: Program | None = None
        self.left = 0

    def stands(self, away: Set[str], without: Set[str]) -> list[Stand]:
        found = [
            Stand(member=name, trouble="no answer")
            if name in away
            else Stand(member=name, current=now, runs=True)
            for name, now in self.current.items()
            if name not in without
        ]
        return in_turn(found, primary="n1")

    def acts(
        self,
        act: str,
        program: Program,
        away: Set[str] = frozenset(),
        without: Set[str] = frozenset(),
    ) -> None:
        if act == "apply":
            for one in to_apply(self.stands(away, without), program.python):
                self.then(one.member, opened(self.current[one.member], program, at=NOW))
        elif act == "rollback":
            for one in to_roll_back(self.stands(away, without)):
                self.then(one.member, rolled_back(self.current[one.member], at=NOW))
        else:
            todo = to_finish(self.stands(away, without))
            for one in todo:
                self.then(one.member, finishing(self.current[one.member], at=NOW))
            for one in todo:
                self.is_post_of = self.current[one.member].program
                self.then(one.member, finished(self.current[one.member], at=NOW))

    def then(self, member: str, current: Current) -> None:
        if self.left == 0:
            raise InterruptedError
        self.left -= 1
        self.current[member] = current


def walked(members: Members, asked: list[Asked]) -> Iterator[str]:
    """One walk after another, each cut off after so many acts; the act after which to look."""
    for act, program, members.left, away, is_left_out in asked:
        with contextlib.suppress(ReleaseRefused, InterruptedError):
            is_without = is_left_out and act == "rollback"
            members.acts(act, program, away, away if is_without else frozenset())
        yield act


@given(walks)
def test_walks_cut_off_anywhere_never_leave_an_old_program_behind_a_finished_one(
    asked: list[Asked],
) -> None:
    members = Members()
    for act in walked(members, asked):
        running = {one.program for one in members.current.values()}
        backs = {one.before for one in members.current.values() if one.before}
        if members.is_post_of and act == "finish":
            assert running == {members.is_post_of}
            assert not backs
        begun = {one.program for one in members.current.values() if one.state != "settled"}
        assert len(begun) <= 1, "one release at a time"


@given(walks)
def test_there_is_always_a_way_out(asked: list[Asked]) -> None:
    """Whatever was cut off before: all there again, a walk or two settle it."""
    members = Members()
    for _ in walked(members, asked):
        pass
    members.left = 99
    closed = [one.program for one in members.current.values() if one.state == "finishing"]
    if closed:
        members.acts("apply", closed[0])
        members.acts("finish", OLD)
    elif any(one.state == "open" for one in members.current.values()):
        members.acts("rollback", OLD)
    assert {one.state for one in members.current.values()} == {"settled"}
    assert len({one.program for one in members.current.values()}) == 1


def test_who_writes_the_log_has_its_turn_last_and_the_primary_before_it() -> None:
    stands = [Stand(member=name, leads=name == "n1") for name in NAMES]

    assert [one.member for one in in_turn(stands, primary="n2")] == ["n3", "n2", "n1"]
    assert [one.member for one in in_turn(stands, primary="n1")] == ["n2", "n3", "n1"]


def test_every_reason_is_said_at_once_with_what_to_do() -> None:
    new = opened(Current(program=OLD), Program("/opt/2/bin/python", "2"), at=NOW)
    stands = [
        Stand(member="n1", trouble="no route to host"),
        Stand(member="n2", runs=False),
        Stand(member="n3", runs=True, current=new),
    ]
    with pytest.raises(ReleaseRefused) as refused:
        to_apply(stands, "/opt/3/bin/python")
    for told in ("no route to host", "kaipiao node up --member n2", "--without n1", "rollback"):
        assert told in refused.value.en
