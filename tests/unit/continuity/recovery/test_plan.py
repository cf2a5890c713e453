"""Whatever is seen, no plan takes away the primary, the quorum, or what somebody still needs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from hypothesis import given, target
from hypothesis import strategies as st

from kaipiao.continuity.cluster.view import ClusterView, MemberView, Role
from kaipiao.continuity.recovery.course import Course
from kaipiao.continuity.recovery.find import SLOT_HELD_BYTES, SLOT_IDLE_S, find, is_undecided
from kaipiao.continuity.recovery.finding import RUNBOOKS
from kaipiao.continuity.recovery.in_cluster import BROKEN_STATES, find_moving
from kaipiao.continuity.recovery.plan import plan
from kaipiao.continuity.recovery.seen import CellSeen, Certificate, Disk, Done, Seen, VendorSeen
from kaipiao.ledger.slots import Slot

NOW = datetime(2026, 11, 25, 4, tzinfo=UTC)
BACKUP_SLOT = "kaipiao_backup_0123abcd"
NAMES = ("n1", "n2", "n3", "n4")
ROOM = Disk(path="/d", total_bytes=100 << 30, free_bytes=50 << 30, spare_bytes=1 << 20)
SHORT = msgspec.structs.replace(ROOM, free_bytes=1 << 30)
OTHERS: tuple[Role, ...] = ("standby", "standby", "standby", "vote", "unknown")
STATES = (*sorted(BROKEN_STATES), "running", "streaming", "starting", "creating replica", "")


@st.composite
def views(draw: st.DrawFn) -> ClusterView:
    """Of every kind, and often nearly sound: else hardly any plan would come to an act."""
    names = NAMES[: draw(st.integers(1, 4))]
    leader = draw(st.sampled_from(["n1", "n1", "n1", names[-1], None]))
    members = tuple(_member(draw, name, name == leader) for name in names)
    paused = draw(st.sampled_from([False, False, True]))
    return ClusterView(name="c", members=members, leader=leader, is_paused=paused)


def _member(draw: st.DrawFn, name: str, leads: bool) -> MemberView:
    role: Role = "primary" if leads else draw(st.sampled_from(OTHERS))
    usual = "running" if leads else draw(st.sampled_from(["streaming", "crashed"]))
    return MemberView(
        name=name,
        address="192.0.2.1",
        role=role,
        state=draw(st.sampled_from([usual, usual, usual, *STATES])),
        is_in_quorum=draw(st.booleans()) and role == "standby",
        is_reachable=draw(st.sampled_from([True, True, True, False])),
        lag_bytes=draw(st.sampled_from([None, 0, 1 << 20, 2 << 30])),
        timeline=draw(st.integers(1, 3)),
    )


slots = st.builds(
    Slot,
    name=st.sampled_from(["n2", "feed", "orphan", BACKUP_SLOT]),
    kind=st.sampled_from(["physical", "logical"]),
    is_active=st.booleans(),
    is_lost=st.booleans(),
    held_bytes=st.sampled_from([0, SLOT_HELD_BYTES, 10 * SLOT_HELD_BYTES]),
    idle_s=st.sampled_from([0.0, SLOT_IDLE_S, 10 * SLOT_IDLE_S]),
)


def cluster(*members: MemberView, **more: object) -> Seen:
    view = ClusterView(name="c", members=members, leader="n1")
    return Seen(at=NOW, cluster=msgspec.structs.replace(view, **more))


def member(name: str, state: str = "streaming", **more: object) -> MemberView:
    usual = MemberView(
        name=name,
        address="192.0.2.1",
        role="primary" if name == "n1" else "standby",
        state="running" if name == "n1" else state,
        is_in_quorum=name != "n1" and state == "streaming",
        is_reachable=True,
        lag_bytes=0,
    )
    return msgspec.structs.replace(usual, **more)


def cell(**more: object) -> Seen:
    usual = CellSeen(path="/d", is_running=True, works=True, beat_s=0.5, disk=ROOM)
    return Seen(at=NOW, cell=msgspec.structs.replace(usual, **more))


def acts_of(courses: list[Course], act: str) -> list[str]:
    return [step.about for course in courses for step in course.acts if step.act == act]


@given(views())
def test_no_plan_takes_away_the_primary_or_the_last_quorum(view: ClusterView) -> None:
    rebuilt = acts_of(plan(Seen(at=NOW, cluster=view)), "reinit")
    target(float(len(rebuilt)))

    assert len(rebuilt) <= 1
    if rebuilt:
        left = tuple(m for m in view.members if m.name not in rebuilt)
        assert view.leader not in rebuilt
        assert not view.is_paused
        assert not any(m.is_in_quorum for m in view.members if m.name in rebuilt)
        assert msgspec.structs.replace(view, members=left).is_writable


@given(st.lists(slots, max_size=4, unique_by=lambda one: one.name), st.sampled_from([ROOM, SHORT]))
def test_no_slot_is_dropped_that_anybody_needs(found: list[Slot], disk: Disk) -> None:
    dropped = acts_of(plan(cell(slots=tuple(found), disk=disk)), "drop-slot")

    for slot in found:
        if slot.name in dropped:
            assert not slot.is_active
            assert slot.name != BACKUP_SLOT
            assert slot.is_lost or (slot.kind == "physical" and disk is SHORT)


@given(views(), st.lists(slots, max_size=4, unique_by=lambda one: one.name))
def test_every_finding_has_steps_or_a_reason_and_a_runbook(
    view: ClusterView, found: list[Slot]
) -> None:
    seen = msgspec.structs.replace(cell(slots=tuple(found)), cluster=view)

    courses = plan(seen)
    assert [course.finding for course in courses] == find(seen)
    for course in courses:
        assert course.acts or (course.zh and course.en and course.command)
        assert all(step.zh and step.en for step in course.steps)


def test_every_runbook_is_there() -> None:
    folder = Path(__file__).parents[4] / "docs/runbooks"

    assert {f"{name}.md" for name in RUNBOOKS.values()} <= {p.name for p in folder.iterdir()}


def test_a_sound_cluster_and_cell_need_nothing() -> None:
    seen = msgspec.structs.replace(
        cell(), cluster=cluster(member("n1"), member("n2"), member("n3")).cluster
    )
    assert plan(seen) == []


def test_a_standby_that_does_not_start_is_rebuilt_in_three_steps() -> None:
    """The rule must not be so strict that it forbids the ordinary case."""
    courses = plan(cluster(member("n1"), member("n2", "start failed"), member("n3")))

    broken = next(c for c in courses if c.finding.kind == "standby-broken")
    assert [step.stage for step in broken.steps] == ["break", "isolate", "rebuild"]
    assert acts_of(courses, "reinit") == ["n2"]


def test_a_standby_that_just_starts_is_neither_sound_nor_broken() -> None:
    assert is_undecided(cluster(member("n1"), member("n2", "starting")))
    assert is_undecided(cluster(member("n1"), member("n2", is_reachable=False)))
    for state in ("streaming", "start failed", "creating replica"):
        assert not is_undecided(cluster(member("n1"), member("n2", state)))
    assert not is_undecided(cell())


def test_a_standby_that_gets_nowhere_is_rebuilt_whatever_its_state_is_called() -> None:
    primary, other = member("n1", timeline=4), member("n3", timeline=4)
    for lost in (
        member("n2", "running", timeline=4, is_in_quorum=False),
        member("n2", timeline=3, is_in_quorum=False),
    ):
        seen = cluster(primary, lost, other)
        assert next((f.kind, f.about) for f in find(seen)) == ("standby-adrift", "n2")
        assert is_undecided(seen)
        assert acts_of(plan(seen), "reinit") == ["n2"]


def test_a_standby_that_gets_further_is_left_in_peace() -> None:
    then = cluster(member("n1"), member("n2", "running", lag_bytes=9 << 20), member("n3"))
    now = cluster(member("n1"), member("n2", "running", lag_bytes=8 << 20), member("n3"))
    assert then.cluster is not None
    assert now.cluster is not None
    moving = find_moving(then.cluster, now.cluster)

    assert moving == {"n2"}
    assert acts_of(plan(msgspec.structs.replace(now, moving=moving)), "reinit") == []
    assert find_moving(now.cluster, then.cluster) == frozenset()
    assert find_moving(now.cluster, now.cluster) == frozenset()


def test_a_silent_patroni_is_told_from_a_machine_that_is_gone() -> None:
    gone = cluster(member("n1"), member("n2", is_reachable=False), member("n3"))
    silent = msgspec.structs.replace(gone, serving=frozenset({"n2"}))

    assert [f.kind for f in find(gone)][:1] == ["member-away"]
    course = plan(silent)[0]
    assert course.finding.kind == "patroni-silent"
    assert [step.stage for step in course.steps] == ["break", "isolate"]
    assert course.command == "kaipiao node up --member n2 FILE"


def test_a_member_without_room_is_found_and_nothing_is_copied_onto_it() -> None:
    full = member("n2", "crashed", is_disk_short=True)
    courses = plan(cluster(member("n1"), full, member("n3")))

    assert acts_of(courses, "reinit") == []
    kinds = [course.finding.kind for course in courses]
    assert kinds[:2] == ["standby-broken", "member-disk-short"]
    assert "make room" in courses[0].en


@given(
    st.lists(
        st.builds(
            Done,
            act=st.sampled_from(["reinit", "drop-slot"]),
            about=st.sampled_from(["n2", "n3"]),
            at=st.integers(0, 7200).map(lambda ago: NOW - timedelta(seconds=ago)),
        ),
        max_size=8,
    )
)
def test_what_was_rebuilt_twice_within_the_hour_is_not_rebuilt_again(lately: list[Done]) -> None:
    seen = cluster(member("n1"), member("n2", "start failed"), member("n3"))
    mine = [
        one
        for one in lately
        if (one.act, one.about) == ("reinit", "n2") and NOW - one.at < timedelta(hours=1)
    ]
    courses = plan(msgspec.structs.replace(seen, lately=tuple(lately)))

    assert (acts_of(courses, "reinit") == []) == (len(mine) >= 2)


def test_the_only_good_standby_is_never_rebuilt_and_it_says_why() -> None:
    courses = plan(cluster(member("n1"), member("n2", "crashed"), member("n3", is_reachable=False)))

    assert acts_of(courses, "reinit") == []
    assert "only second copy" in next(c.en for c in courses if c.finding.about == "n2")


def test_a_short_disk_is_relieved_of_what_can_be_made_again_and_of_orphans() -> None:
    orphan = Slot(
        name="orphan",
        kind="physical",
        is_active=False,
        is_lost=False,
        held_bytes=10 * SLOT_HELD_BYTES,
        idle_s=10 * SLOT_IDLE_S,
    )
    assert acts_of(plan(cell(slots=(orphan,), disk=SHORT)), "drop-slot") == ["orphan"]
    assert acts_of(plan(cell(slots=(orphan,))), "drop-slot") == []
    assert find(cell(slots=(msgspec.structs.replace(orphan, is_active=True),))) == []
    assert acts_of(plan(cell(disk=SHORT)), "empty-renditions") == ["/d"]
    assert plan(cell(disk=msgspec.structs.replace(SHORT, spare_bytes=0)))[0].acts == ()


def test_certificates_vendors_and_a_silent_worker_are_found() -> None:
    soon = Certificate(path="seal.crt", ends_at=NOW + timedelta(days=29))
    later = Certificate(path="other.crt", ends_at=NOW + timedelta(days=31))
    away = VendorSeen(name="v", is_away=True)
    seen = cell(certificates=(soon, later), vendors=(away,), beat_s=60.0)

    assert [(f.kind, f.about) for f in find(seen)] == [
        ("worker-silent", "/d"),
        ("certificate-ends", "seal.crt"),
        ("vendor-away", "v"),
    ]
