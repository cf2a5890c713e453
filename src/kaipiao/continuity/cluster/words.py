"""A cluster in words: what a person at three in the morning needs to read, worst first.

Pure: a view in, sentences out.
"""

from typing import NamedTuple

from kaipiao.continuity.cluster.stuck import is_well
from kaipiao.continuity.cluster.view import ClusterView, MemberView, Switch

LAG_WORTH_SAYING_BYTES = 1 << 20
"""A standby this far behind is said to be behind; Patroni will not promote it either."""

PROMOTED = "no recovery target specified"
"""What PostgreSQL notes of every ordinary promotion."""

KIB = 1024


class Sentence(NamedTuple):
    zh: str
    en: str


ROLES = {
    "primary": Sentence("主", "primary"),
    "standby": Sentence("备", "standby"),
    "vote": Sentence("仅投票", "vote only"),
    "unknown": Sentence("未知", "unknown"),
}

STATES = {
    "running": Sentence("运行中", "running"),
    "streaming": Sentence("同步复制中", "streaming"),
    "in archive recovery": Sentence("正在追赶", "catching up"),
    "starting": Sentence("启动中", "starting"),
    "creating replica": Sentence("正在复制数据", "copying the data"),
    "promoting": Sentence("正在接替", "taking over"),
    "stopped": Sentence("已停止", "stopped"),
    "stopping": Sentence("停止中", "stopping"),
    "crashed": Sentence("已崩溃", "crashed"),
    "start failed": Sentence("启动失败", "did not start"),
    "": Sentence("未知", "unknown"),
}
"""Patroni's words; one that is not here is shown as it is."""


def summary(view: ClusterView) -> Sentence:
    """The one sentence that matters: can it issue, and can it lose a machine."""
    if not any(member.is_reachable for member in view.members):
        return Sentence(
            "没有一个成员应答: 无法开票, 或者我们不在它们的网络中。",
            "No member answers: it cannot issue, or we are not in its network.",
        )
    if view.leader is None:
        return Sentence(
            "现在没有主节点: 开票请求会得到 503, 用原来的 key 重试即可。",
            "Nobody leads now: issuing answers 503; retry with the same key.",
        )
    if not view.member(view.leader).is_reachable:
        return Sentence(
            f"主节点 {view.leader} 没有应答: 其他成员数秒内会选出新的主节点, "
            "期间开票得到 503, 用原来的 key 重试即可。",
            f"{view.leader} leads and does not answer: the others elect another within seconds; "
            "until then issuing answers 503: retry with the same key.",
        )
    if not view.is_writable:
        return Sentence(
            f"{view.leader} 为主, 但没有可确认提交的备节点: 暂不能开票, 不会丢失。",
            f"{view.leader} leads, and no standby can confirm a commit: "
            "it cannot issue now, and loses nothing.",
        )
    return _spare(view)


def spares(view: ClusterView) -> int:
    """How many standbys may still be lost before nothing can be acknowledged."""
    keeping_up = [one for one in view.members if one.is_in_quorum and is_well(view, one.name)]
    return max(len([one for one in keeping_up if one.role == "standby"]) - 1, 0)


def _spare(view: ClusterView) -> Sentence:
    """It issues; how far it is from silence."""
    left = spares(view)
    if left == 0:
        return Sentence(
            f"正在开票, {view.leader} 为主, 只剩一个备节点跟上: 再失去一个成员就会停止。",
            f"Issuing; {view.leader} leads with one standby: losing one more member stops it.",
        )
    return Sentence(
        f"正在开票, {view.leader} 为主, {left + 1} 个备节点随时可接替。",
        f"Issuing; {view.leader} leads, {left + 1} standbys are ready to take over.",
    )


def troubles(view: ClusterView) -> list[Sentence]:
    """Everything that is not as it should be, each with what to do."""
    found = [sentence for member in view.members for sentence in _troubles_of(member, view)]
    if view.is_paused:
        found.append(
            Sentence(
                "自动切换已暂停: 主节点故障时不会接替。恢复: kaipiao cluster resume",
                "Failover is paused: nobody takes over from a dead primary. "
                "To end it: kaipiao cluster resume",
            )
        )
    return found


def _troubles_of(member: MemberView, view: ClusterView) -> list[Sentence]:
    name = member.name
    if not member.is_reachable:
        return [
            Sentence(
                f"{name} 的 Patroni 没有应答 ({member.address})。在该机器上: "
                f"kaipiao node up --member {name} (已在运行时, 挂起的 Patroni 会被自动重启)",
                f"{name} does not answer ({member.address}): its Patroni is gone or hangs. On its "
                f"machine: kaipiao node up --member {name} (one that runs ends it by itself)",
            )
        ]
    found = []
    if member.state not in ("running", "streaming") and member.role != "vote":
        state = state_of(member)
        found.append(Sentence(f"{name} {state.zh}。", f"{name} is {state.en}."))
    if member.role == "standby" and member.state == "running":
        found.append(
            Sentence(
                f"{name} 的数据库在运行, 但没有从主节点接收: 提交不能依赖它。"
                f"它会自行重启或重新复制; 若不结束: kaipiao cluster reinit {name}",
                f"{name} runs and receives nothing from the primary: no commit counts on it. It "
                f"starts anew or copies the data by itself; if that does not end: "
                f"kaipiao cluster reinit {name}",
            )
        )
    if (member.lag_bytes or 0) >= LAG_WORTH_SAYING_BYTES:
        lag = render_bytes(member.lag_bytes)
        found.append(
            Sentence(
                f"{name} 落后 {lag}。若不再缩小: kaipiao cluster reinit {name}",
                f"{name} is {lag} behind. If that does not shrink: kaipiao cluster reinit {name}",
            )
        )
    if _is_on_old_timeline(member, view):
        found.append(
            Sentence(
                f"{name} 仍在时间线 {member.timeline}, 正在回卷。若不结束: "
                f"kaipiao cluster reinit {name}",
                f"{name} is still on timeline {member.timeline} and being rewound. If that does "
                f"not end: kaipiao cluster reinit {name}",
            )
        )
    if member.is_disk_short:
        found.append(
            Sentence(
                f"{name} 的磁盘将满, 在腾出空间前不会担任主节点: docs/runbooks/disk.md",
                f"{name}'s disk is nearly full; until there is room it is not to lead: "
                "docs/runbooks/disk.md",
            )
        )
    if member.needs_restart:
        found.append(
            Sentence(
                f"{name} 有设置要重启数据库后生效。",
                f"{name} has settings that wait for its database to restart.",
            )
        )
    return found


def _is_on_old_timeline(member: MemberView, view: ClusterView) -> bool:
    newest = max((one.timeline or 0 for one in view.members), default=0)
    return member.role == "standby" and (member.timeline or newest) < newest


def state_of(member: MemberView) -> Sentence:
    if not member.is_reachable:
        return Sentence("无应答", "no answer")
    return STATES.get(member.state, Sentence(member.state, member.state))


def last_switch(view: ClusterView) -> Sentence:
    """The last change of the primary, and why."""
    if not any(member.is_reachable for member in view.members):
        return Sentence("上次切换: 未知。", "Last switch: unknown.")
    return switch_words(view.last_switch)


def switch_words(switch: Switch | None) -> Sentence:
    if switch is None:
        return Sentence("主节点从未更换。", "The primary has never changed.")
    at = f"{switch.at:%Y-%m-%d %H:%M:%SZ}" if switch.at else "-"
    if switch.is_planned:
        why = f": {switch.why}" if switch.why else ""
        return Sentence(
            f"上次切换 {at}: 由 {switch.by} 发起的计划切换, 现为 {switch.to}{why}",
            f"Last switch {at}: a switchover to {switch.to} that {switch.by} asked for{why}",
        )
    if switch.why in ("", PROMOTED):
        return Sentence(
            f"上次切换 {at}: 原主节点不再应答, {switch.to} 自动接替。",
            f"Last switch {at}: a failover; the primary no longer answered and {switch.to} "
            "took over by itself.",
        )
    return Sentence(
        f"上次切换 {at}: {switch.to} 接替 ({switch.why})。",
        f"Last switch {at}: {switch.to} took over ({switch.why}).",
    )


def render_bytes(count: int | None) -> str:
    """``-`` where it is not known; else in the largest unit that leaves a whole number."""
    if count is None:
        return "-"
    for unit in ("B", "KiB", "MiB"):
        if count < KIB:
            return f"{count} {unit}"
        count //= KIB
    return f"{count} GiB"
