"""The passwords of a cluster: one file each in the cell's secrets, the same on every member."""

from pathlib import Path
from typing import NamedTuple

from kaipiao.base.unreadable import Unreadable
from kaipiao.continuity.cluster.places import Home
from kaipiao.ledger.embedded.passwords import APP, BACKUP, OWNER, ROOT, keep_password, password_file

REPLICATION = "kaipiao_replication"
REWIND = "kaipiao_rewind"
PATRONI = "kaipiao_patroni"
"""Who may change something through Patroni's REST; anyone may look."""
RAFT = "kaipiao_raft"
"""Encrypts what the members' rafts say to each other."""

LOGINS = (ROOT, OWNER, APP, BACKUP, REPLICATION, REWIND, PATRONI, RAFT)


class BundleMissing(Unreadable):
    """The member has not been given its bundle; ``missing`` are the files that are not there."""

    def __init__(self, folder: Path, missing: tuple[str, ...]) -> None:
        self.missing = missing
        names = ", ".join(f"{name}.pgpass" for name in missing)
        super().__init__(
            str(folder),
            zh=f"缺少集群密码文件 {names}。请先执行 kaipiao cluster init, 并把该成员的 secrets "
            "文件夹放到此处。",
            en=f"the cluster's passwords {names} are missing. Type kaipiao cluster init, and put "
            "the member's folder secrets there.",
        )


class Login(NamedTuple):
    user: str
    password: str


def make_passwords(secrets: Path) -> None:
    """Make those that are not there; those that are stay."""
    for name in LOGINS:
        keep_password(secrets, name)


def check_passwords(secrets: Path) -> None:
    """Raises BundleMissing: made here, they would differ from the other members'."""
    missing = tuple(n for n in LOGINS if not password_file(secrets, n).exists())
    if missing:
        raise BundleMissing(secrets, missing)


def login(home: Home, name: str) -> Login:
    """Raises BundleMissing."""
    check_passwords(home.secrets)
    return Login(name, keep_password(home.secrets, name))
