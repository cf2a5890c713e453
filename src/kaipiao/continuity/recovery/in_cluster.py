"""What is broken in a cluster, as its members tell it.  Pure."""

from collections.abc import Iterator

from kaipiao.continuity.cluster.view import ClusterView, MemberView
from kaipiao.continuity.recovery.finding import Finding, mib, say
from kaipiao.continuity.recovery.seen import Seen

BEHIND_BYTES = 1 << 30
"""A standby that replays this much later is of little use when it is needed."""

BROKEN_STATES = frozenset({"start failed", "crashed", "stopped"})
"""Of a member whose Patroni answers: its server does not run, and will not by itself."""
PASSING_STATES = frozenset({"starting", "stopping", "restarting"})
COPYING = "creating replica"
STREAMING = "streaming"


def find_in_cluster(view: ClusterView, seen: Seen) -> Iterator[Finding]:
    if not any(member.is_reachable for member in view.members):
        yield say("no-answer", view.name, "没有一个成员应答", "no member answers")
        return
    if view.leader is None:
        yield say("no-primary", view.name, "没有主节点", "nobody leads")
    if view.is_paused:
        zh, en = "自动切换已暂停: kaipiao cluster resume", "failover is paused: cluster resume"
        yield say("paused", view.name, zh, en)
    for member in view.members:
        yield from _in_member(member, view, seen)
    spare = [m for m in view.members if m.is_in_quorum and m.is_reachable]
    if view.leader is not None and len(spare) == 1:
        only = spare[0].name
        yield say(
            "quorum-edge",
            only,
            f"只剩 {only} 可以确认提交: 再坏一台就不能开票",
            f"commits count on {only} alone: if one more fails, nothing can be issued",
        )


def is_adrift(member: MemberView, view: ClusterView) -> bool:
    """Its server runs, and it does not stream from the primary, or not on his timeline."""
    if view.leader in (None, member.name) or member.role != "standby" or not member.is_reachable:
        return False
    if member.state in BROKEN_STATES | PASSING_STATES or member.state == COPYING:
        return False
    return member.state != STREAMING or _is_on_another_timeline(member, view)


def _in_member(member: MemberView, view: ClusterView, seen: Seen) -> Iterator[Finding]:
    name = member.name
    if not member.is_reachable:
        yield _silent(name, serves=name in seen.serving)
    elif member.role == "standby" and member.state in BROKEN_STATES:
        yield say(
            "standby-broken",
            name,
            f"备节点 {name} 不能跟上 ({member.state}, 时间线 {member.timeline})",
            f"standby {name} cannot follow ({member.state}, timeline {member.timeline})",
        )
    elif is_adrift(member, view) and name not in seen.moving:
        yield _adrift(member, view)
    elif member.role == "standby" and (member.lag_bytes or 0) > BEHIND_BYTES:
        lag = mib(member.lag_bytes or 0)
        zh, en = f"备节点 {name} 落后 {lag} MiB", f"standby {name} is {lag} MiB behind"
        yield say("standby-behind", name, zh, en)
    if member.is_disk_short:
        zh = f"{name} 的磁盘将满, 它不会担任主节点"
        en = f"{name}'s disk is nearly full; it is not to lead"
        yield say("member-disk-short", name, zh, en)


def _silent(name: str, *, serves: bool) -> Finding:
    """A machine that is gone, or one whose Patroni is: PostgreSQL goes on without it."""
    if serves:
        zh = f"{name} 的 Patroni 没有应答, 它的 PostgreSQL 还在运行"
        en = f"{name}'s Patroni does not answer, and its PostgreSQL still takes connections"
        return say("patroni-silent", name, zh, en)
    return say("member-away", name, f"{name} 没有应答", f"{name} does not answer")


def _adrift(member: MemberView, view: ClusterView) -> Finding:
    name, state, leader = member.name, member.state or "-", view.leader
    if _is_on_another_timeline(member, view):
        assert leader is not None
        now, then = view.member(leader).timeline, member.timeline
        zh = f"备节点 {name} 仍在时间线 {then}, 主节点 {leader} 在 {now}, 没有进展"
        en = f"standby {name} is on timeline {then}, {leader} leads on {now}, and it gets nowhere"
    else:
        zh = f"备节点 {name} 没有从主节点 {leader} 接收 ({state}), 没有进展"
        en = f"standby {name} does not stream from {leader} ({state}), and it gets nowhere"
    return say("standby-adrift", name, zh, en)


def _is_on_another_timeline(member: MemberView, view: ClusterView) -> bool:
    if view.leader is None or member.timeline is None:
        return False
    now = view.member(view.leader).timeline
    return now is not None and member.timeline != now


def find_moving(before: ClusterView, after: ClusterView) -> frozenset[str]:
    """The standbys that got further between two looks: they need time, and nothing else."""
    moved = (one.name for one in after.members if _moved(before.member(one.name), one))
    return frozenset(moved)


def _moved(before: MemberView, after: MemberView) -> bool:
    if (before.timeline or 0) < (after.timeline or 0):
        return True
    if before.lag_bytes is None or after.lag_bytes is None:
        return False
    return after.lag_bytes < before.lag_bytes
