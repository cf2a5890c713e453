"""When a member is well enough to be broken."""

import pytest

from kaipiao.continuity.cluster.view import ClusterView, MemberView
from kaipiao.continuity.drill.members import next_standby, what_ails


def member(**changes: object) -> MemberView:
    well: dict[str, object] = {"role": "standby", "state": "streaming", "timeline": 3}
    well |= {"name": "n2", "address": "192.0.2.2", "is_reachable": True, "lag_bytes": 0}
    return MemberView(**(well | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "one", [member(), member(role="primary", state="running"), member(role="vote", state="")]
)
def test_a_member_that_is_well(one: MemberView) -> None:
    assert what_ails(one, 3) is None


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (member(is_reachable=False), "does not answer"),
        (member(state="running"), "is running"),  # a former primary that is not rewound yet
        (member(state="starting"), "is starting"),
        (member(timeline=2), "timeline 2, the primary on 3"),
        (member(lag_bytes=2 << 20), "bytes behind"),
    ],
)
def test_a_member_that_ails_is_told(one: MemberView, word: str) -> None:
    found = what_ails(one, 3)
    assert found
    assert word in found.en


def test_standbys_are_restarted_in_turns_and_one_is_found_after_all_were() -> None:
    members = tuple(member(name=name) for name in ("n1", "n3"))
    view = ClusterView(name="c", members=(*members, member(name="n2", role="primary")), leader="n2")

    assert next_standby(view, {}) == "n1"
    assert next_standby(view, {"n1": 1.0}) == "n3"
    assert next_standby(view, {"n1": 3.0, "n2": 2.0, "n3": 1.0}) == "n3"
    assert next_standby(ClusterView(name="c", members=(), leader=None), {}) is None
