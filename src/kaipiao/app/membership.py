"""What a member of a cluster must not do alone, known from where its folder lies.

Members share one database and one log; keys and files are each machine's own.  So whatever puts a
key into force or takes rows out of the database needs what lies on the other machines as well.
"""

from collections.abc import Sequence
from pathlib import Path

from kaipiao.app.folder import CellFolder
from kaipiao.ports import Announcement

PATRONI_FILE = "patroni/patroni.yml"
"""Beside a member's cell; written at each of its starts (``continuity/cluster/places.py``)."""


class NotAlone(Exception):
    """Nothing was done; ``zh`` and ``en`` say what all members need first, and what to type."""

    def __init__(self, *, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh = zh
        self.en = en


def is_member(folder: CellFolder) -> bool:
    """Whether ``kaipiao node`` laid this cell out."""
    return (folder.path.resolve().parent / PATRONI_FILE).exists()


def check_archive_is_shared(folder: CellFolder) -> None:
    """What is archived is gone from the database of all: all must have the file.

    Raises NotAlone: the folder is this machine's own.
    """
    place = folder.archive
    if is_member(folder) and not (place.is_symlink() or place.is_mount()):
        raise NotAlone(
            zh=f"本单元是集群成员: 归档的发票将从全体成员的数据库移除, 而 {place} 只在本机。"
            "请在每个成员的该位置挂载 (或链接到) 全体成员共用的存储, 再重新执行。",
            en=f"This cell is a member of a cluster: what is archived leaves the database of all "
            f"members, and {place} lies on this machine alone. On every member mount storage that "
            "all of them share there (or put a link to it), and repeat.",
        )


def check_keys_came_along(folder: CellFolder, prepared: Path, statement: Path) -> None:
    """Every member signs, so all need the same new keys before one signs with them.

    Raises NotAlone: they were not prepared.
    """
    if is_member(folder) and not statement.exists():
        raise NotAlone(
            zh="本单元是集群成员, 全体成员须持有同一组新密钥。先在一个成员上执行 "
            f"kaipiao log rotate --prepare, 把 {prepared} 连同权限复制到其他每个成员的同一位置, "
            "再在每个成员上执行 kaipiao log rotate。",
            en="This cell is a member of a cluster, and all members need the same new keys. On one "
            f"member: kaipiao log rotate --prepare; then copy {prepared}, permissions and all, to "
            "the same place on each of the others; then on each: kaipiao log rotate",
        )


def check_same_keys(
    folder: CellFolder, origin: str, leaf: bytes, announced: Sequence[Announcement]
) -> None:
    """Raises NotAlone: another member announced this origin with other keys than ours."""
    is_said = any(f"new {origin}" in one.text.splitlines() for one in announced)
    if is_member(folder) and is_said and leaf not in {one.leaf for one in announced}:
        raise NotAlone(
            zh=f"另一成员已用另一组密钥启用 {origin}。请删除本机未启用的密钥目录, "
            "从该成员复制, 再重新执行。",
            en=f"Another member put {origin} into force with other keys. Remove the keys that were "
            "prepared here, copy that member's, and repeat.",
        )
