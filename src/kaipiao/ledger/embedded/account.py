"""Who runs the server: PostgreSQL refuses to be root, and so do we."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from kaipiao.ledger.embedded.failure import DatabaseWontStart

CANDIDATES = ("kaipiao", "postgres", "nobody")
"""The first that exists runs the server of a root supervisor; ``kaipiao`` is the one to create,
because the others may run other programs, which could then read our files."""

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All that a child sees: no PGDATA or PGOPTIONS from the caller, nothing secret."""


class Account(NamedTuple):
    name: str
    uid: int
    gid: int


class _Drop(TypedDict, total=False):
    user: int
    group: int
    extra_groups: Sequence[int]


def choose_account(data: Path) -> Account:
    """Ourselves; or, if we are root, the owner of ``data``, or an unprivileged user.

    Raises:
        DatabaseWontStart: we are root and this machine has no user to hand the server to.
    """
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()))
    if data.exists() and (owner := data.stat().st_uid) != 0:
        return _account(pwd.getpwuid(owner))
    for name in CANDIDATES:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise DatabaseWontStart(
        zh="以 root 启动时需要一个普通用户来运行数据库。请先执行: useradd --system kaipiao",
        en="The server must not run as root. Create a user for it: useradd --system kaipiao",
    )


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def run_as(
    account: Account,
    command: Sequence[str | Path],
    *,
    input: str | None = None,
    secret: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as ``account``; both outputs are in ``stdout``.

    ``secret`` is added to its environment, which only that account and root can read.

    Raises:
        OSError: it cannot be run by this account: absent, or behind a closed folder.
    """
    drop: _Drop = {}
    if account.uid != os.geteuid():
        drop = {"user": account.uid, "group": account.gid, "extra_groups": ()}
    return subprocess.run(
        [str(part) for part in command],
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",  # ours may be a folder that the account cannot enter
        env=ENVIRONMENT | dict(secret or {}),
        umask=0o077,
        **drop,
    )


def can_enter(account: Account, folder: Path) -> bool:
    """Whether ``account`` can reach ``folder`` through all that lies above it.

    Asked of the kernel, not computed from modes: access lists and mounts have a say too.
    """
    return run_as(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0


def give(path: Path, account: Account) -> None:
    """Make ``account`` the owner of one file or folder."""
    if account.uid != os.geteuid():
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
