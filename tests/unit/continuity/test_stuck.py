"""A standby that is stuck is given a way out, and never one that could lose an invoice."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.continuity.cluster.stuck import (
    STUCK_S,
    Movement,
    Stuck,
    is_well,
    may_rebuild,
)
from kaipiao.continuity.cluster.view import ClusterView, MemberView

NAMES = ("n1", "n2", "n3")
EVERY_S = 3.0


def member(name: str, **more: Any) -> MemberView:
    leads = name == "n1"
    usual = {
        "role": "primary" if leads else "standby",
        "state": "running" if leads else "streaming",
        "is_reachable": True,
        "is_in_quorum": not leads,
        "timeline": 5,
    }
    return MemberView(name=name, address="192.0.2.1", **(usual | more))


def cluster(**more: dict[str, Any]) -> ClusterView:
    """``n1`` leads; whatever is given differs from a cluster that is well."""
    members = tuple(member(name, **more.get(name, {})) for name in NAMES)
    return ClusterView(name="t", members=members, leader="n1")


def broken(state: str) -> dict[str, Any]:
    return {"state": state, "is_in_quorum": False, "timeline": 4}


SEEN_IN_A_DRILL = cluster(n2=broken("running"), n3=broken("starting"))
"""The new primary had no standby: one ran and did not stream, the other started for ever."""


def steps(stuck: Stuck, view: ClusterView, *, for_s: float) -> list[str]:
    """What it did in so long a time in which nothing changed."""
    looks = [EVERY_S * n for n in range(int(for_s / EVERY_S) + 1)]
    return [step for at in looks if (step := stuck.look(view, Movement(), now_s=at))]


def test_a_member_that_starts_for_ever_is_started_anew_and_then_rebuilt() -> None:
    assert steps(Stuck("n3"), SEEN_IN_A_DRILL, for_s=2.2 * STUCK_S) == [
        "restart",
        "rebuild",
    ]


def test_of_two_that_are_stuck_the_one_that_could_be_promoted_waits() -> None:
    done = steps(Stuck("n2"), SEEN_IN_A_DRILL, for_s=3 * STUCK_S)

    assert done[0] == "restart"
    assert set(done[1:]) == {"wait"}


def test_two_that_are_stuck_are_not_started_anew_at_once() -> None:
    """Both Patronis away would be two of the store's three votes: the primary would step down."""
    stuck = {name: Stuck(name) for name in ("n2", "n3")}
    restarts: dict[str, float] = {}
    for n in range(60):
        for name, one in stuck.items():
            if one.look(SEEN_IN_A_DRILL, Movement(), now_s=EVERY_S * n) == "restart":
                restarts.setdefault(name, EVERY_S * n)

    assert restarts["n2"] - restarts["n3"] >= 25.0


def test_once_the_other_streams_it_is_this_ones_turn() -> None:
    stuck = Stuck("n2")
    steps(stuck, SEEN_IN_A_DRILL, for_s=3 * STUCK_S)

    assert stuck.look(cluster(n2=broken("running")), Movement(), now_s=999.0) == "rebuild"


def test_what_moves_is_not_stuck_however_long_it_takes() -> None:
    stuck, view = Stuck("n3"), cluster(n3=broken("stopped"))

    for n in range(1_000):
        moved = Movement(copied_bytes=n << 20)
        assert stuck.look(view, moved, now_s=EVERY_S * n) == ""


def test_what_begins_again_and_again_gets_nowhere() -> None:
    """A rewind that fails and is repeated, a server that starts and dies."""
    stuck, done = Stuck("n3"), []
    for n in range(40):
        view = cluster(n3=broken(("starting", "start failed", "stopped")[n % 3]))
        moved = Movement(segment=f"000000000000000{n % 4}", copied_bytes=n % 4)
        done.append(stuck.look(view, moved, now_s=EVERY_S * n))

    assert [one for one in done if one] == ["restart", "rebuild"]


def test_an_answer_that_fails_to_come_now_and_then_forgets_nothing() -> None:
    stuck, done = Stuck("n3"), []
    silent = broken("starting") | {"is_reachable": False}
    for n in range(80):
        view = cluster(n3=silent if n % 3 == 0 else broken("starting"))
        done.append(stuck.look(view, Movement(), now_s=EVERY_S * n))

    assert [one for one in done if one][:2] == ["restart", "rebuild"]


def test_a_pause_is_respected() -> None:
    view = ClusterView(name="t", members=SEEN_IN_A_DRILL.members, leader="n1", is_paused=True)

    assert steps(Stuck("n3"), view, for_s=9 * STUCK_S) == []


def test_without_a_primary_nobody_is_stuck() -> None:
    view = ClusterView(name="t", members=SEEN_IN_A_DRILL.members, leader=None)

    assert steps(Stuck("n3"), view, for_s=9 * STUCK_S) == []


def test_one_that_commits_count_on_is_never_thrown_away() -> None:
    view = cluster(n3=broken("running") | {"is_in_quorum": True})

    assert not may_rebuild(view, "n3")
    assert set(steps(Stuck("n3"), view, for_s=9 * STUCK_S)) == {"restart", "wait"}


def test_one_at_a_time() -> None:
    view = cluster(n2=broken("starting"), n3=broken("creating replica"))

    assert not may_rebuild(view, "n2")


states = st.sampled_from(["running", "streaming", "starting", "stopped", "creating replica"])
members = st.fixed_dictionaries(
    {
        "state": states,
        "is_reachable": st.booleans(),
        "is_in_quorum": st.booleans(),
        "timeline": st.sampled_from([4, 5, None]),
    }
)
views = st.builds(
    lambda leader, is_paused, parts: ClusterView(
        name="t",
        leader=leader,
        is_paused=is_paused,
        members=tuple(
            MemberView(
                name=name,
                address="",
                role="primary" if name == leader else "standby",
                **part,
            )
            for name, part in zip(NAMES, parts, strict=True)
        ),
    ),
    st.sampled_from([None, *NAMES]),
    st.booleans(),
    st.tuples(members, members, members),
)


@settings(max_examples=40, deadline=None)
@given(views)
def test_no_data_is_thrown_away_that_a_commit_counts_on(view: ClusterView) -> None:
    thrown = [name for name in NAMES if may_rebuild(view, name)]

    assert len(thrown) <= 1
    for name in thrown:
        assert view.leader not in (None, name)
        assert not view.is_paused
        assert not view.member(name).is_in_quorum
        assert not is_well(view, name)
        assert view.member(str(view.leader)).is_reachable


@settings(max_examples=40, deadline=None)
@given(views, st.sampled_from(NAMES))
def test_a_member_that_is_well_is_left_alone_for_ever(view: ClusterView, name: str) -> None:
    if is_well(view, name):
        assert steps(Stuck(name), view, for_s=9 * STUCK_S) == []


@settings(max_examples=40, deadline=None)
@given(views)
def test_every_stuck_cluster_has_a_member_whose_turn_it_is(view: ClusterView) -> None:
    """No state without a way out: unless commits count on whoever is stuck, someone may act."""
    stuck = [
        one
        for one in view.members
        if view.leader not in (None, one.name)
        and one.is_reachable
        and not one.is_in_quorum
        and not is_well(view, one.name)
    ]
    leader = view.member(view.leader) if view.leader else None
    is_at_work = leader is not None and leader.is_reachable and leader.state == "running"
    if stuck and is_at_work and not view.is_paused:
        is_copying = any(
            one.state == "creating replica" for one in view.members if one.role == "standby"
        )
        assert is_copying or any(may_rebuild(view, one.name) for one in stuck)


def test_what_two_copies_did_not_mend_waits_out_the_hour() -> None:
    """A third would hide the cause, and cost the primary once more."""
    done = steps(Stuck("n3"), SEEN_IN_A_DRILL, for_s=3_000)
    later = steps(Stuck("n3"), SEEN_IN_A_DRILL, for_s=3_750)

    assert [step for step in done if step != "wait"].count("rebuild") == 2
    assert done[-1] == "wait"
    assert later.count("rebuild") == 3


def test_nothing_is_copied_onto_a_disk_that_is_nearly_full() -> None:
    full = cluster(n2=broken("running") | {"is_disk_short": True})

    assert not may_rebuild(full, "n2")
    assert set(steps(Stuck("n2"), full, for_s=300)) == {"restart", "wait"}
