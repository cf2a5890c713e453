"""When a member is short of room, and who may lead then."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.continuity.cluster.description import DescriptionWrong
from kaipiao.continuity.cluster.reserve import MIB, Reserve
from kaipiao.continuity.cluster.room import Room, heirs, measure, shortest, tags_of
from kaipiao.continuity.cluster.view import Answers, ClusterView, MemberView, compose_view
from tests.unit.continuity.clusters import TEXT, describe

NAMES = ("n1", "n2", "n3")
members = st.tuples(
    *(
        st.builds(
            MemberView,
            name=st.just(name),
            address=st.just("192.0.2.1"),
            role=st.sampled_from(["primary", "standby", "vote", "unknown"]),
            is_in_quorum=st.booleans(),
            is_reachable=st.booleans(),
            is_disk_short=st.booleans(),
        )
        for name in NAMES
    )
)
views = st.builds(ClusterView, name=st.just("zj"), members=members)
sizes = st.integers(min_value=0, max_value=1 << 45)


@given(sizes, st.integers(min_value=0, max_value=200))
def test_who_has_less_than_the_reserve_is_short_and_then_needs_clearly_more(
    total: int, percent: int
) -> None:
    """``percent`` of the reserve is free."""
    needed = max(256 * MIB, total // 100)
    free = needed * percent // 100
    reserve, room = Reserve(), Room(Path("/"), total, free)

    assert room.is_short(reserve) == (free < needed)
    assert room.is_short(reserve, was_short=True) == (free < 1.25 * needed)
    assert not room.is_full(reserve) or room.is_short(reserve)


@given(st.lists(st.tuples(sizes, sizes), min_size=1))
def test_if_any_disk_is_short_the_one_that_is_looked_at_is(disks: list[tuple[int, int]]) -> None:
    rooms = [Room(Path("/"), total, free) for total, free in disks]

    some = any(room.is_short(Reserve()) for room in rooms)
    assert shortest(rooms, Reserve()).is_short(Reserve()) == some


@given(views)
def test_a_short_member_leads_only_where_no_other_that_answers_has_room(view: ClusterView) -> None:
    tags = tags_of(view, "n1", is_short=True)
    with_room = [
        one.name
        for one in view.members[1:]
        if one.is_reachable and one.role != "vote" and not one.is_disk_short
    ]

    assert tags["nofailover"] == bool(with_room)
    assert tags["disk_short"]
    assert tags_of(view, "n1", is_short=False) == {}


@given(views)
def test_members_that_see_each_other_never_all_bar_themselves(view: ClusterView) -> None:
    """Else a crash on the day on which every disk is short would be the end."""
    seen = ClusterView(
        name="zj",
        members=tuple(
            MemberView(name=m.name, address=m.address, role="standby", is_reachable=True,
                       is_disk_short=m.is_disk_short)
            for m in view.members
        ),
    )  # fmt: skip
    barred = [
        tags_of(seen, m.name, is_short=m.is_disk_short).get("nofailover", False)
        for m in seen.members
    ]

    assert not all(barred)


def test_who_has_not_looked_yet_leaves_the_lead_to_others() -> None:
    assert tags_of(None, "n1", is_short=True)["nofailover"]


@given(views)
def test_an_heir_is_another_that_answers_keeps_up_and_has_room(view: ClusterView) -> None:
    for heir in heirs(view, "n1"):
        assert heir.name != "n1"
        assert heir.is_reachable
        assert heir.is_in_quorum
        assert not heir.is_disk_short


def test_what_a_member_says_of_its_disk_is_seen_by_all(tmp_path: Path) -> None:
    listed = [
        {"name": "n1", "role": "leader", "state": "running"},
        {"name": "n2", "role": "replica", "state": "streaming", "tags": {"disk_short": True}},
    ]
    answers = {n: Answers(own={}, cluster={"members": listed}) for n in NAMES}
    view = compose_view(describe(tmp_path), answers)

    assert [one.name for one in view.members if one.is_disk_short] == ["n2"]


def test_the_disk_of_a_folder_is_measured_as_its_user_may_fill_it(tmp_path: Path) -> None:
    room = measure(tmp_path)

    assert 0 <= room.free_bytes <= room.total_bytes


def test_the_reserve_is_read_and_every_fault_of_it_told(tmp_path: Path) -> None:
    plain = TEXT.replace("[disk]\nreserve_mb = 96\n", "")
    assert describe(tmp_path, plain).disk == Reserve()
    given = "\n[disk]\nreserve_mb = 512\nballast_mb = 0\n"
    assert describe(tmp_path, plain + given).disk == Reserve(reserve_mb=512, ballast_mb=0)

    wrong = '\n[disk]\nreserve_mb = -1\nreserve_percent = 99\nspare = "x"\n'
    with pytest.raises(DescriptionWrong) as found:
        describe(tmp_path, plain + wrong)
    where = {fault.where for fault in found.value.faults}
    assert where == {"disk.reserve_mb", "disk.reserve_percent", "disk.spare"}
