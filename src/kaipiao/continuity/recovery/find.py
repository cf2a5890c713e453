"""What is broken, in what was seen.  Pure; each finding names the runbook about it."""

from collections.abc import Iterator
from datetime import timedelta

from kaipiao.continuity.recovery.finding import Finding, mib, say
from kaipiao.continuity.recovery.in_cluster import PASSING_STATES, find_in_cluster, is_adrift
from kaipiao.continuity.recovery.seen import CellSeen, Disk, Seen

SHORT_SHARE = 0.05
SLOT_HELD_BYTES = 256 << 20
SLOT_IDLE_S = 600.0
"""A reader that restarts is back sooner."""
CERTIFICATE_SOON = timedelta(days=30)
BEAT_LATE_S = 15.0
"""``work`` says once a second that it lives; its supervisor restarts it within five."""


def find(seen: Seen) -> list[Finding]:
    """Everything that is broken, worst first; nothing means that all is well."""
    found: list[Finding] = []
    if seen.cluster is not None:
        found += find_in_cluster(seen.cluster, seen)
    if seen.cell is not None:
        found += _in_cell(seen.cell, seen)
    return found


def is_undecided(seen: Seen) -> bool:
    """Whether a standby is just starting or finding its way, or a member silent for a moment:
    neither sound nor plainly broken.
    """
    view = seen.cluster
    if view is None:
        return False
    return any(
        not one.is_reachable
        or (one.role == "standby" and one.state in PASSING_STATES)
        or is_adrift(one, view)
        for one in view.members
    )


def _in_cell(cell: CellSeen, seen: Seen) -> Iterator[Finding]:
    if not cell.is_running:
        yield say("cell-stopped", cell.path, "单元没有运行", "the cell does not run")
    elif not cell.works:
        yield say("cell-silent", cell.path, "单元没有应答", "the cell does not answer")
    if cell.is_running and cell.beat_s is not None and cell.beat_s > BEAT_LATE_S:
        yield say(
            "worker-silent",
            cell.path,
            f"后台进程 work {cell.beat_s:.0f} 秒没有动静, 存证日志不再增长",
            f"its work process has been silent for {cell.beat_s:.0f} s: proofs wait",
        )
    if cell.disk is not None and is_short(cell.disk):
        free = mib(cell.disk.free_bytes)
        zh, en = f"磁盘只剩 {free} MiB", f"only {free} MiB are left on the disk"
        yield say("disk-short", cell.disk.path, zh, en)
    yield from _slots(cell)
    for one in cell.certificates:
        if one.ends_at - seen.at < CERTIFICATE_SOON:
            day = one.ends_at.date()
            zh, en = f"证书 {one.path} 于 {day} 到期", f"certificate {one.path} ends on {day}"
            yield say("certificate-ends", one.path, zh, en)
    for vendor in cell.vendors:
        if vendor.is_away:
            zh, en = f"签章服务商 {vendor.name} 没有应答", f"seal vendor {vendor.name} is away"
            yield say("vendor-away", vendor.name, zh, en)


def _slots(cell: CellSeen) -> Iterator[Finding]:
    for slot in cell.slots:
        if slot.is_lost:
            zh = f"复制槽 {slot.name} 已失效, 谁也不能再用"
            yield say("slot-lost", slot.name, zh, f"slot {slot.name} is lost: no use to anybody")
        elif is_stuck(slot.is_active, slot.held_bytes, slot.idle_s):
            held = mib(slot.held_bytes)
            zh = f"复制槽 {slot.name} 无人读取, 占着 {held} MiB 日志"
            en = f"nobody reads slot {slot.name}, and it holds {held} MiB of WAL"
            yield say("slot-stuck", slot.name, zh, en)


def is_stuck(is_active: bool, held_bytes: int, idle_s: float) -> bool:
    return not is_active and held_bytes > SLOT_HELD_BYTES and idle_s > SLOT_IDLE_S


def is_short(disk: Disk) -> bool:
    return disk.free_bytes < SHORT_SHARE * disk.total_bytes
