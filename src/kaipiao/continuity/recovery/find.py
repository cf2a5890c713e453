"""What is broken, in what was seen.  Pure; each finding names the runbook about it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import msgspec

from kaipiao.continuity.cluster.view import ClusterView, MemberView
from kaipiao.continuity.recovery.seen import CellSeen, Disk, Seen

BEHIND_BYTES = 1 << 30
"""A standby that replays this much later is of little use when it is needed."""
SHORT_SHARE = 0.05
SLOT_HELD_BYTES = 256 << 20
SLOT_IDLE_S = 600.0
"""A reader that restarts is back sooner."""
CERTIFICATE_SOON = timedelta(days=30)
BEAT_LATE_S = 15.0
"""``work`` says once a second that it lives; its supervisor restarts it within five."""

BROKEN_STATES = frozenset({"start failed", "crashed", "stopped"})
"""Of a member whose Patroni answers: its server does not run, and will not by itself."""
PASSING_STATES = frozenset({"starting", "stopping", "restarting"})

Kind = Literal[
    "no-answer",
    "no-primary",
    "paused",
    "member-away",
    "standby-broken",
    "standby-behind",
    "quorum-edge",
    "cell-stopped",
    "cell-silent",
    "worker-silent",
    "disk-short",
    "slot-stuck",
    "slot-lost",
    "certificate-ends",
    "vendor-away",
]
RUNBOOKS: dict[Kind, str] = {
    "no-answer": "primary",
    "no-primary": "primary",
    "paused": "primary",
    "member-away": "member",
    "standby-broken": "member",
    "standby-behind": "member",
    "quorum-edge": "member",
    "cell-stopped": "cell",
    "cell-silent": "cell",
    "worker-silent": "cell",
    "disk-short": "disk",
    "slot-stuck": "slot",
    "slot-lost": "slot",
    "certificate-ends": "certificate",
    "vendor-away": "vendor",
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """``about``: the member, slot, vendor or file."""

    kind: Kind
    about: str
    zh: str
    en: str

    @property
    def runbook(self) -> str:
        return RUNBOOKS[self.kind]


def find(seen: Seen) -> list[Finding]:
    """Everything that is broken, worst first; nothing means that all is well."""
    found: list[Finding] = []
    if seen.cluster is not None:
        found += _in_cluster(seen.cluster)
    if seen.cell is not None:
        found += _in_cell(seen.cell, seen)
    return found


def _in_cluster(view: ClusterView) -> Iterator[Finding]:
    if not any(member.is_reachable for member in view.members):
        yield _say("no-answer", view.name, "没有一个成员应答", "no member answers")
        return
    if view.leader is None:
        yield _say("no-primary", view.name, "没有主节点", "nobody leads")
    if view.is_paused:
        zh, en = "自动切换已暂停: kaipiao cluster resume", "failover is paused: cluster resume"
        yield _say("paused", view.name, zh, en)
    for member in view.members:
        yield from _in_member(member)
    spare = [m for m in view.members if m.is_in_quorum and m.is_reachable]
    if view.leader is not None and len(spare) == 1:
        only = spare[0].name
        yield _say(
            "quorum-edge",
            only,
            f"只剩 {only} 可以确认提交: 再坏一台就不能开票",
            f"commits count on {only} alone: if one more fails, nothing can be issued",
        )


def _in_member(member: MemberView) -> Iterator[Finding]:
    name = member.name
    if not member.is_reachable:
        yield _say("member-away", name, f"{name} 没有应答", f"{name} does not answer")
    elif member.role == "standby" and member.state in BROKEN_STATES:
        yield _say(
            "standby-broken",
            name,
            f"备节点 {name} 不能跟上 ({member.state}, 时间线 {member.timeline})",
            f"standby {name} cannot follow ({member.state}, timeline {member.timeline})",
        )
    elif member.role == "standby" and (member.lag_bytes or 0) > BEHIND_BYTES:
        yield _say(
            "standby-behind",
            name,
            f"备节点 {name} 落后 {_mib(member.lag_bytes or 0)} MiB",
            f"standby {name} is {_mib(member.lag_bytes or 0)} MiB behind",
        )


def is_undecided(seen: Seen) -> bool:
    """Whether a standby is just starting, or a member silent for a moment: neither sound nor
    plainly broken.
    """
    members = seen.cluster.members if seen.cluster is not None else ()
    return any(
        not one.is_reachable or (one.role == "standby" and one.state in PASSING_STATES)
        for one in members
    )


def _in_cell(cell: CellSeen, seen: Seen) -> Iterator[Finding]:
    if not cell.is_running:
        yield _say("cell-stopped", cell.path, "单元没有运行", "the cell does not run")
    elif not cell.works:
        yield _say("cell-silent", cell.path, "单元没有应答", "the cell does not answer")
    if cell.is_running and cell.beat_s is not None and cell.beat_s > BEAT_LATE_S:
        yield _say(
            "worker-silent",
            cell.path,
            f"后台进程 work {cell.beat_s:.0f} 秒没有动静, 存证日志不再增长",
            f"its work process has been silent for {cell.beat_s:.0f} s: proofs wait",
        )
    if cell.disk is not None and is_short(cell.disk):
        free = _mib(cell.disk.free_bytes)
        zh, en = f"磁盘只剩 {free} MiB", f"only {free} MiB are left on the disk"
        yield _say("disk-short", cell.disk.path, zh, en)
    yield from _slots(cell)
    for one in cell.certificates:
        if one.ends_at - seen.at < CERTIFICATE_SOON:
            day = one.ends_at.date()
            zh, en = f"证书 {one.path} 于 {day} 到期", f"certificate {one.path} ends on {day}"
            yield _say("certificate-ends", one.path, zh, en)
    for vendor in cell.vendors:
        if vendor.is_away:
            zh, en = f"签章服务商 {vendor.name} 没有应答", f"seal vendor {vendor.name} is away"
            yield _say("vendor-away", vendor.name, zh, en)


def _slots(cell: CellSeen) -> Iterator[Finding]:
    for slot in cell.slots:
        if slot.is_lost:
            zh = f"复制槽 {slot.name} 已失效, 谁也不能再用"
            yield _say("slot-lost", slot.name, zh, f"slot {slot.name} is lost: no use to anybody")
        elif is_stuck(slot.is_active, slot.held_bytes, slot.idle_s):
            held = _mib(slot.held_bytes)
            zh = f"复制槽 {slot.name} 无人读取, 占着 {held} MiB 日志"
            en = f"nobody reads slot {slot.name}, and it holds {held} MiB of WAL"
            yield _say("slot-stuck", slot.name, zh, en)


def is_stuck(is_active: bool, held_bytes: int, idle_s: float) -> bool:
    return not is_active and held_bytes > SLOT_HELD_BYTES and idle_s > SLOT_IDLE_S


def is_short(disk: Disk) -> bool:
    return disk.free_bytes < SHORT_SHARE * disk.total_bytes


def _say(kind: Kind, about: str, zh: str, en: str) -> Finding:
    return Finding(kind=kind, about=about, zh=zh, en=en)


def _mib(amount: int) -> int:
    return amount >> 20
