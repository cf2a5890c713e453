"""What the guard of a member's disks says: what it saw, what it does, and why."""

from kaipiao.continuity.cluster.reserve import MIB
from kaipiao.continuity.cluster.room import Room
from kaipiao.continuity.cluster.words import Sentence


def short(room: Room, needed: int, *, is_short: bool) -> Sentence:
    free, least = room.free_bytes // MIB, needed // MIB
    if is_short:
        return Sentence(
            f"{room.path} 所在磁盘只剩 {free} MiB, 少于预留的 {least} MiB: 本成员不再担任主节点。",
            f"The disk of {room.path} has {free} MiB left, less than its reserve of {least} MiB: "
            "this member is not to lead.",
        )
    return Sentence(
        f"{room.path} 所在磁盘又有 {free} MiB: 本成员可以再担任主节点。",
        f"The disk of {room.path} has {free} MiB again: this member may lead.",
    )


def ballast(size_mb: int) -> Sentence:
    return Sentence(
        f"已删除占位文件, 腾出 {size_mb} MiB 供切换使用。",
        f"The ballast is removed: {size_mb} MiB for the switchover.",
    )


def stays(is_paused: bool) -> Sentence:
    if is_paused:
        return Sentence(
            "磁盘将满, 但自动切换已暂停: 仍为主节点。恢复: kaipiao cluster resume",
            "The disk is nearly full, and failover is paused: it goes on leading. "
            "To end it: kaipiao cluster resume",
        )
    return Sentence(
        "磁盘将满, 但没有可接替的备节点: 仍为主节点。请腾出空间: docs/runbooks/disk.md",
        "The disk is nearly full, and no standby is fit to take over: it goes on leading. "
        "Make room: docs/runbooks/disk.md",
    )


def hands_over(name: str) -> Sentence:
    return Sentence(
        f"{name} 的磁盘将满: 把主节点交给跟得上的备节点。",
        f"{name}'s disk is nearly full: it hands the lead to a standby that keeps up.",
    )


def ended(name: str, names: str) -> Sentence:
    return Sentence(
        f"{name} 的磁盘已满, 无法正常交出: 已结束它的数据库, 由 {names} 接替。"
        "不会丢失已确认的发票。",
        f"{name}'s disk is full and it could not hand over: its database was ended, and "
        f"{names} take over. Nothing acknowledged is lost.",
    )
