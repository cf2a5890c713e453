"""What to do about each finding: steps, or the reason why a person must.  Pure.

The rules, each because its opposite loses data or the cell:

- a standby is rebuilt only while a primary answers and another standby keeps up, that is not
  itself to be rebuilt; never the one that commits count on; one at a time; not while paused;
- a slot is dropped only when it is lost, or when nobody reads it, the disk is short, and it is
  a plain copy's (which can be made again): never a feed to another cell, never the backups';
- on a short disk only what may be emptied at any time is removed;
- what did not help is not done again and again (``breaker.py``).
"""

import msgspec

from kaipiao.continuity.cluster.view import ClusterView
from kaipiao.continuity.recovery import told
from kaipiao.continuity.recovery.breaker import AT_MOST, is_tripped
from kaipiao.continuity.recovery.course import Course, Step, Why, left_to_a_person
from kaipiao.continuity.recovery.find import find, is_short
from kaipiao.continuity.recovery.finding import BROKEN, Finding
from kaipiao.continuity.recovery.seen import CellSeen, Seen

BACKUP_SLOTS = "kaipiao_"
"""How our own readers' slots begin: those of the streams of backups."""


def plan(seen: Seen) -> list[Course]:
    """One course a finding, in the order in which they are to be taken."""
    courses: list[Course] = []
    for finding in find(seen):
        is_taken = any(step.act == "reinit" for course in courses for step in course.acts)
        courses.append(_broken_off(_course(finding, seen, has_reinit=is_taken), seen))
    return courses


def _broken_off(course: Course, seen: Seen) -> Course:
    """The course, or a person's, where one of its acts was begun too often of late."""
    tripped = [one for one in course.acts if is_tripped(seen, one.act, one.about)]
    if not tripped:
        return course
    count = AT_MOST[tripped[0].act]
    why = Why(
        f"一小时内已做过 {count} 次, 没有用: 另有原因 (磁盘、网络), 请看它的日志",
        f"it was done {count} times within the hour and did not last: look for another cause "
        "(disk, network) in its logs",
    )
    return left_to_a_person(course.finding, why)


def _course(finding: Finding, seen: Seen, *, has_reinit: bool) -> Course:
    if finding.kind in BROKEN and seen.cluster is not None:
        return _standby(finding, seen.cluster, has_reinit=has_reinit)
    if finding.kind in ("slot-lost", "slot-stuck") and seen.cell is not None:
        return _slot(finding, seen.cell)
    if finding.kind == "disk-short" and seen.cell is not None:
        return _disk(finding, seen.cell)
    if finding.kind == "vendor-away":
        return told.vendor(finding)
    if finding.kind == "member-disk-short":
        return told.member_disk(finding)
    if finding.kind == "patroni-silent":
        return told.patroni(finding)
    return left_to_a_person(finding, Why("需要人来处理", "this takes a person"))


def _standby(finding: Finding, view: ClusterView, *, has_reinit: bool) -> Course:
    name = finding.about
    if why := _why_not_rebuild(view, name, has_reinit=has_reinit):
        return left_to_a_person(finding, why)
    return Course(
        finding=finding,
        steps=(
            Step(
                stage="break",
                about=name,
                zh=f"提交已不依赖 {name} (Patroni)",
                en=f"no commit counts on {name} any more (Patroni)",
            ),
            Step(
                stage="isolate",
                about=name,
                zh=f"{name} 没有跟上主节点, 不会被提升 (Patroni)",
                en=f"{name} does not follow the primary and will not be promoted (Patroni)",
            ),
            Step(
                stage="rebuild",
                act="reinit",
                about=name,
                zh=f"丢弃 {name} 的数据, 从主节点 {view.leader} 重新复制",
                en=f"throw {name}'s data away and copy it anew from {view.leader}",
            ),
        ),
    )


def _why_not_rebuild(view: ClusterView, name: str, *, has_reinit: bool) -> Why | None:
    """The reason why this standby is not rebuilt now; None if it may be."""
    if view.is_paused:
        return Why("自动切换已暂停, 有人在维护", "failover is paused: somebody is at work there")
    if has_reinit:
        return Why("一次只重建一个; 完成后再运行", "one at a time: run again when that is done")
    if view.leader is None or name == view.leader:
        return Why("没有主节点可供复制", "there is no primary to copy from")
    if view.member(name).is_disk_short:
        return Why("它的磁盘将满: 先腾出空间", "its disk is nearly full: make room there first")
    if view.member(name).is_in_quorum:
        return Why("提交仍依赖它, 请稍后再看", "commits still count on it: look again")
    rest = msgspec.structs.replace(
        view, members=tuple(member for member in view.members if member.name != name)
    )
    if not rest.is_writable:
        return Why(
            "没有别的备节点跟得上: 它的数据可能是唯一的第二份",
            "no other standby keeps up: its data may be the only second copy",
        )
    return None


def _slot(finding: Finding, cell: CellSeen) -> Course:
    slot = next(one for one in cell.slots if one.name == finding.about)
    if slot.is_active:
        return left_to_a_person(finding, Why("有人正在读取", "somebody reads it"))
    if slot.name.startswith(BACKUP_SLOTS):
        return left_to_a_person(
            finding,
            Why(
                "是备份的: 启动 kaipiao backup stream; 失效时加 --anew",
                "it is the backups': start kaipiao backup stream, with --anew if it is lost",
            ),
        )
    if not slot.is_lost and slot.kind != "physical":
        why = Why("通往另一单元, 丢弃会丢数据", "it feeds another cell, which would lose data")
        return left_to_a_person(finding, why)
    if not slot.is_lost and (cell.disk is None or not is_short(cell.disk)):
        why = Why("磁盘还够, 它的备节点也许会回来", "there is room, and its reader may come back")
        return left_to_a_person(finding, why)
    return Course(
        finding=finding,
        steps=(
            Step(stage="break", about=slot.name, zh="已无人读取", en="nobody reads it"),
            Step(
                stage="rebuild",
                act="drop-slot",
                about=slot.name,
                zh=f"删除复制槽 {slot.name}; 它的备节点须重新复制",
                en=f"drop slot {slot.name}; a standby that used it must be copied anew",
            ),
        ),
    )


def _disk(finding: Finding, cell: CellSeen) -> Course:
    if cell.disk is None or cell.disk.spare_bytes == 0:
        return left_to_a_person(
            finding, Why("没有可以随时清空的文件", "nothing of ours may be removed at any time")
        )
    freed = cell.disk.spare_bytes >> 20
    step = Step(
        stage="rebuild",
        act="empty-renditions",
        about=cell.disk.path,
        zh=f"清空已生成的版式文件 ({freed} MiB), 再要时会重新生成",
        en=f"remove renditions ({freed} MiB); they are made again when asked for",
    )
    return Course(finding=finding, steps=(step,))
