"""Where the database of a cell lies.

    DIR/secrets/           passwords, one file a role, the supervisor's alone (0600)
    DIR/postgres/          the supervisor's: settings, who may log in, the lock, ``start.log``
    DIR/postgres/data      the server's: the cluster
    DIR/postgres/log       the server's: what PostgreSQL says, a week of it
    DIR/postgres/run       the server's: the Unix socket

When the supervisor is root, the server's folders belong to the unprivileged user that runs it,
and root never writes in them: what that user could have replaced by a link, root must not open.

That user may not be able to reach DIR (think of ``/root``).  Folders above DIR are not ours to
open, so the database then lies in ``/var/lib/kaipiao/cells/<hash of DIR>/postgres`` and
``DIR/postgres.elsewhere`` says so.  That file is the truth: DIR may be moved, and still finds it.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import NamedTuple

from kaipiao.ledger.embedded.account import Account, can_enter, give
from kaipiao.ledger.embedded.failure import DatabaseWontStart
from kaipiao.ledger.embedded.programs import SHARED

POINTER = "postgres.elsewhere"
BACK_POINTER = "belongs-to"
"""For whoever finds such a folder and wonders whose it is."""

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_MAX = 100
"""The kernel's limit is 107 bytes on Linux and 103 on macOS; PostgreSQL adds ``.lock``."""


class Places(NamedTuple):
    home: Path
    secrets: Path
    sockets: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def start_log(self) -> Path:
        return self.home / "start.log"

    @property
    def settings(self) -> Path:
        return self.home / "postgresql.conf"

    @property
    def logins(self) -> Path:
        return self.home / "pg_hba.conf"


def find_home(folder: Path) -> Path | None:
    """Where the database of this cell lies; None if it has none yet.

    Raises:
        DatabaseWontStart: it is said to lie in a place that is not there.
    """
    pointer = folder / POINTER
    if not pointer.exists():
        home = folder / "postgres"
        return home if home.exists() else None
    home = Path(pointer.read_text(encoding="utf-8").splitlines()[0])
    if home.exists():
        return home
    raise DatabaseWontStart(
        zh=f"{pointer} 指向的数据库 {home} 不存在。请恢复备份; 若确认不再需要, 请删除 {pointer}。",
        en=f"{pointer} says that the database lies in {home}, which is gone. Restore a backup; "
        f"or, if it is not needed, delete {pointer}.",
    )


def make_places(folder: Path, account: Account, *, shared: Path = SHARED) -> Places:
    """Make, or find again, every folder of this cell's database.

    Raises:
        DatabaseWontStart: the database is there and ``account`` cannot reach it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _open_own_folder(folder, account)
    home = find_home(folder) or _choose_home(folder, account, shared)
    secrets = folder / "secrets"
    make_folder(home, mode=0o700 if account.uid == os.geteuid() else 0o711)
    make_folder(secrets, mode=0o700)
    _refuse_strangers(home, secrets)
    if not can_enter(account, home):
        raise DatabaseWontStart(
            zh=f"用户 {account.name} 无法进入 {home}。请开放其上级目录的进入权限 (chmod o+x)。",
            en=f"User {account.name} cannot enter {home}. Let it pass the folders above "
            "(chmod o+x).",
        )
    for name in ("log", "run"):
        make_folder(home / name, mode=0o700, owner=account)
    return Places(home, secrets, _socket_folder(home, account))


def _refuse_strangers(*folders: Path) -> None:
    """Whoever made a cell runs it: root, too, must not write where another user makes links."""
    for path in folders:
        if (owner := path.lstat().st_uid) != os.geteuid():
            raise DatabaseWontStart(
                zh=f"{path} 属于用户 {owner}。请以该用户启动, 或使用其他数据目录。",
                en=f"{path} belongs to user {owner}. Start as that user, or use another folder.",
            )


def make_folder(path: Path, *, mode: int, owner: Account | None = None) -> None:
    """Make a folder, with this very mode whatever the umask; one that exists stays as it is."""
    try:
        path.mkdir()
    except FileExistsError:
        return
    path.chmod(mode)
    if owner:
        give(path, owner)


def _open_own_folder(folder: Path, account: Account) -> None:
    """Let the account pass through DIR, if DIR is root's and so are we.  Nothing above it."""
    status = folder.stat()
    if account.uid != os.geteuid() and status.st_uid == os.geteuid():
        folder.chmod(stat.S_IMODE(status.st_mode) | 0o011)


def _choose_home(folder: Path, account: Account, shared: Path) -> Path:
    if can_enter(account, folder):
        return folder / "postgres"
    home = shared / "cells" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16] / "postgres"
    for path in (shared, home.parent.parent, home.parent):
        make_folder(path, mode=0o755)
    make_folder(home, mode=0o711)
    (folder / POINTER).write_text(
        f"{home}\n\nThe database of this cell lies there, because the user {account.name}, who\n"
        "runs it, cannot pass the folders above this one.  Keep this file.\n",
        encoding="utf-8",
    )
    (home.parent / BACK_POINTER).write_text(f"{folder}\n", encoding="utf-8")
    return home


def _socket_folder(home: Path, account: Account) -> Path:
    """``home/run``, unless the kernel cannot hold so long a name."""
    if len(os.fsencode(home / "run" / SOCKET_NAME)) <= SOCKET_PATH_MAX:
        return home / "run"
    runtime = os.environ.get("XDG_RUNTIME_DIR") if account.uid == os.geteuid() else None
    name = "kaipiao-" + hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    folder = Path(runtime or "/tmp") / name  # noqa: S108 -- checked below
    make_folder(folder, mode=0o700, owner=account)
    status = folder.lstat()
    # Anyone may make a folder in /tmp, so this one is used only if it is provably the server's.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.uid or status.st_mode & 0o077:
        raise DatabaseWontStart(
            zh=f"{folder} 属于其他用户, 不能用作数据库套接字目录。请删除它, 或缩短数据目录的路径。",
            en=f"{folder} belongs to someone else. Remove it, or use a shorter path for the data.",
        )
    return folder
