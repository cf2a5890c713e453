"""What to do about each finding: steps, or the reason why a person must.  Pure.

The rules, each because its opposite loses data or the cell:

- a standby is rebuilt only while a primary answers and another standby keeps up, that is not
  itself to be rebuilt; never the one that commits count on; one at a time; not while paused;
- a slot is dropped only when it is lost, or when nobody reads it, the disk is short, and it is
  a plain copy's (which can be made again): never a feed to another cell, never the backups';
- on a short disk only what may be emptied at any time is removed.
"""

from typing import Literal, NamedTuple

import msgspec

from kaipiao.continuity.cluster.view import ClusterView
from kaipiao.continuity.recovery.find import Finding, find, is_short
from kaipiao.continuity.recovery.seen import CellSeen, Seen

BACKUP_SLOTS = "kaipiao_"
"""How our own readers' slots begin: those of the streams of backups."""

Stage = Literal["break", "isolate", "rebuild"]
Act = Literal["", "reinit", "drop-slot", "empty-renditions"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """``act`` is empty for what an engine below has already done."""

    stage: Stage
    act: Act = ""
    about: str
    zh: str
    en: str


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and its steps; without steps, ``zh`` and ``en`` say why a person must act."""

    finding: Finding
    steps: tuple[Step, ...] = ()
    zh: str = ""
    en: str = ""

    @property
    def acts(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.act)


class _Why(NamedTuple):
    zh: str
    en: str


PERSON = _Why("需要人来处理", "this takes a person")


def plan(seen: Seen) -> list[Course]:
    """One course a finding, in the order in which they are to be taken."""
    courses: list[Course] = []
    for finding in find(seen):
        is_taken = any(step.act == "reinit" for course in courses for step in course.acts)
        courses.append(_course(finding, seen, has_reinit=is_taken))
    return courses


def _course(finding: Finding, seen: Seen, *, has_reinit: bool) -> Course:
    if finding.kind == "standby-broken" and seen.cluster is not None:
        return _standby(finding, seen.cluster, has_reinit=has_reinit)
    if finding.kind in ("slot-lost", "slot-stuck") and seen.cell is not None:
        return _slot(finding, seen.cell)
    if finding.kind == "disk-short" and seen.cell is not None:
        return _disk(finding, seen.cell)
    if finding.kind == "vendor-away":
        return _vendor(finding)
    return _left_to_a_person(finding, PERSON)


def _standby(finding: Finding, view: ClusterView, *, has_reinit: bool) -> Course:
    name = finding.about
    if why := _why_not_rebuild(view, name, has_reinit=has_reinit):
        return _left_to_a_person(finding, why)
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
                zh=f"{name} 的数据库没有运行, 不会被提升 (Patroni)",
                en=f"{name}'s server does not run and will not be promoted (Patroni)",
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


def _why_not_rebuild(view: ClusterView, name: str, *, has_reinit: bool) -> _Why | None:
    """The reason why this standby is not rebuilt now; None if it may be."""
    if view.is_paused:
        return _Why("自动切换已暂停, 有人在维护", "failover is paused: somebody is at work there")
    if has_reinit:
        return _Why("一次只重建一个; 完成后再运行", "one at a time: run again when that is done")
    if view.leader is None or name == view.leader:
        return _Why("没有主节点可供复制", "there is no primary to copy from")
    if view.member(name).is_in_quorum:
        return _Why("提交仍依赖它, 请稍后再看", "commits still count on it: look again")
    rest = msgspec.structs.replace(
        view, members=tuple(member for member in view.members if member.name != name)
    )
    if not rest.is_writable:
        return _Why(
            "没有别的备节点跟得上: 它的数据可能是唯一的第二份",
            "no other standby keeps up: its data may be the only second copy",
        )
    return None


def _slot(finding: Finding, cell: CellSeen) -> Course:
    slot = next(one for one in cell.slots if one.name == finding.about)
    if slot.is_active:
        return _left_to_a_person(finding, _Why("有人正在读取", "somebody reads it"))
    if slot.name.startswith(BACKUP_SLOTS):
        return _left_to_a_person(
            finding,
            _Why(
                "是备份的: 启动 kaipiao backup stream; 失效时加 --anew",
                "it is the backups': start kaipiao backup stream, with --anew if it is lost",
            ),
        )
    if not slot.is_lost and slot.kind != "physical":
        why = _Why("通往另一单元, 丢弃会丢数据", "it feeds another cell, which would lose data")
        return _left_to_a_person(finding, why)
    if not slot.is_lost and (cell.disk is None or not is_short(cell.disk)):
        why = _Why("磁盘还够, 它的备节点也许会回来", "there is room, and its reader may come back")
        return _left_to_a_person(finding, why)
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
        return _left_to_a_person(
            finding, _Why("没有可以随时清空的文件", "nothing of ours may be removed at any time")
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


def _vendor(finding: Finding) -> Course:
    """The seal processes do the first two by themselves; whom to believe is for a person."""
    name = finding.about
    why = _Why("是否换掉它由人决定", "whether to replace it is for a person")
    return Course(
        finding=finding,
        zh=why.zh,
        en=why.en,
        steps=(
            Step(
                stage="break",
                about=name,
                zh="熔断器已打开",
                en="its breaker is open: it is asked only now and then",
            ),
            Step(
                stage="isolate",
                about=name,
                zh="由其他服务商签章, 开票不受影响",
                en="other vendors seal; issuing does not wait for any",
            ),
        ),
    )


def _left_to_a_person(finding: Finding, why: _Why) -> Course:
    return Course(finding=finding, zh=why.zh, en=why.en)
