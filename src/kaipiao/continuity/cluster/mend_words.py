"""What a standby that mends itself says: what it does, and why."""

from kaipiao.continuity.cluster.stuck import STUCK_S, Step
from kaipiao.continuity.cluster.words import Sentence

STILL_ZH = f"本成员 {STUCK_S:.0f} 秒没有跟上主节点, 也没有进展"
STILL_EN = f"this member has not followed the primary for {STUCK_S:.0f} s, and nothing moved"


def step(taken: Step, state: str) -> Sentence:
    """``state``: Patroni's word for how its PostgreSQL is."""
    zh, en = {
        "restart": ("重新启动 Patroni 和 PostgreSQL", "Patroni and PostgreSQL are started anew"),
        "rebuild": (
            "重启无效: 丢弃本成员的数据, 从主节点重新复制",
            "starting anew did not help: its data is thrown away and copied from the primary",
        ),
        "wait": (
            "应重新复制数据, 但现在不安全或未轮到, 等待中。查看: kaipiao cluster status",
            "its data is to be copied anew, which is not safe now, or another's turn: it waits. "
            "Look: kaipiao cluster status",
        ),
    }[taken]
    return Sentence(f"{STILL_ZH} ({state or '-'}): {zh}。", f"{STILL_EN} ({state or '-'}): {en}.")
