"""The members' logs in words: who extends the last root that was seen, and what to do if not."""

from kaipiao.continuity.cluster.roots import Logs, Root
from kaipiao.continuity.cluster.words import Sentence


def log_summary(logs: Logs) -> Sentence:
    whole = [root for root in logs.roots if root.verdict in ("extends", "behind")]
    if not whole:
        return Sentence("日志: 没有成员可以查询。", "Log: no member could be asked.")
    names = ", ".join(root.member for root in whole)
    longest = max(root.size or 0 for root in whole)
    size = logs.seen_size
    if size is None:
        return Sentence(
            f"日志: {names} 一致, 共 {longest} 条; 已记下, 以后每次与它核对。",
            f"Log: {names} agree, {longest} entries; noted, and held against them from now on.",
        )
    return Sentence(
        f"日志: {names} 延续上次所见 ({size} 条), 现有 {longest} 条。",
        f"Log: {names} extend what was seen last ({size} entries); {longest} now.",
    )


def log_troubles(logs: Logs) -> list[Sentence]:
    return [sentence for root in logs.roots for sentence in _trouble(root)]


def _trouble(root: Root) -> list[Sentence]:
    name = root.member
    if root.verdict == "differs":
        return [
            Sentence(
                f"{name} 的日志不延续上次所见: 历史被改写或缺尾。停止依赖它, 并执行: "
                f"kaipiao log audit; 见 docs/runbooks",
                f"{name}'s log does not extend what was seen last: its history was rewritten or "
                "lost its end. Do not rely on it, and type: kaipiao log audit; see docs/runbooks",
            )
        ]
    if root.verdict == "behind":
        return [
            Sentence(
                f"{name} 的日志还没追上上次所见 ({root.size} 条), 内容一致。",
                f"{name}'s log has not caught up with what was seen last ({root.size} entries), "
                "and agrees with it.",
            )
        ]
    if root.verdict == "unproven":
        return [
            Sentence(
                f"{name} 的日志比上次所见短 ({root.size} 条), 持有其余部分的成员未应答, 无从证明。",
                f"{name}'s log is shorter than what was seen last ({root.size} entries), and "
                "whoever holds the rest does not answer: nothing is proved either way.",
            )
        ]
    if root.verdict == "not-asked":
        return [
            Sentence(
                f"{name} 的日志无法查询: 它的单元没有应答。在该机器上: kaipiao doctor",
                f"{name}'s log could not be asked: its cell does not answer. "
                "On its machine: kaipiao doctor",
            )
        ]
    return []
