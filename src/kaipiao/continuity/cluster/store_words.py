"""The etcd in words: can it remember another primary, and what is wrong with it.

Pure: a view in, sentences out.
"""

from kaipiao.continuity.cluster.store import StoreMember, StoreView
from kaipiao.continuity.cluster.words import Sentence, render_bytes

NOSPACE = "NOSPACE"


def store_summary(store: StoreView) -> Sentence:
    """One sentence: who leads, how many answer, how much it holds."""
    well, all_of_them = sum(one.is_healthy for one in store.members), len(store.members)
    if not store.has_quorum:
        return Sentence(
            f"etcd: {all_of_them} 个中 {well} 个正常, 没有多数: 主节点可继续, 但不能自动切换。",
            f"etcd: {well} of {all_of_them} are well, and that is no majority: a primary that all "
            "others answer goes on, and nobody takes over from it.",
        )
    size = render_bytes(max(one.size_bytes for one in store.members))
    versions = ", ".join(sorted({one.version for one in store.members if one.version}))
    return Sentence(
        f"etcd {versions}: {store.leader} 为主, {all_of_them} 个中 {well} 个正常, {size}。",
        f"etcd {versions}: {store.leader} leads, {well} of {all_of_them} are well, {size}.",
    )


def store_troubles(store: StoreView) -> list[Sentence]:
    return [sentence for one in store.members for sentence in _troubles_of(one)]


def _troubles_of(member: StoreMember) -> list[Sentence]:
    name = member.name
    if not member.is_reachable:
        return [Sentence(f"etcd {name} 没有应答。", f"etcd {name} does not answer.")]
    found = [_fault(name, said) for said in member.faults]
    if not member.is_healthy and not found:
        found.append(
            Sentence(
                f"etcd {name} 找不到多数成员, 或磁盘太慢。",
                f"etcd {name} finds no majority, or its disk is too slow.",
            )
        )
    return found


def _fault(name: str, said: str) -> Sentence:
    """NOSPACE is the one that stays until a person ends it."""
    if NOSPACE in said:
        return Sentence(
            f"etcd {name} 空间已满, 不再写入: etcdctl compact、defrag, 再 alarm disarm。",
            f"etcd {name} is full and writes nothing: etcdctl compact and defrag, then alarm "
            "disarm.",
        )
    return Sentence(f"etcd {name}: {said}", f"etcd {name}: {said}")
