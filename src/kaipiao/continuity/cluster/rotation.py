"""What a member's programs say is kept, up to a bound: a log that fills the disk stops issuing.

Patroni rotates its log by itself.  What our other programs say goes to files that we hold open
for them at the end (O_APPEND): such a file is copied beside itself and emptied, and they write on
at its beginning.  PostgreSQL begins a file a weekday, whatever its size: one that is too long is
moved aside, and PostgreSQL told to begin another.
"""

import asyncio
import contextlib
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from kaipiao.continuity.cluster.places import Home
from kaipiao.ledger.embedded.account import Account, run_as

LOG_MAX_BYTES = 10 * 1024 * 1024
LOG_FILES = 3
"""The newest and two before it, of each of our programs."""

DATABASE_LOG_MAX_BYTES = 32 * 1024 * 1024
"""Of each weekday's file, and of one before it."""

LOOK_EVERY_S = 30.0
MOVE_ASIDE = """\
pg_ctl=$1 data=$2; shift 2
for one; do mv -f "$one" "$one.1"; done
"$pg_ctl" logrotate -s -D "$data" || for one; do mv -f "$one.1" "$one"; done
"""
"""By the account: in its folder it could have put a link for us to follow."""

log = logging.getLogger(__name__)


async def keep_logs_short(home: Home, account: Account, programs: Path | None) -> None:
    """Until cancelled.  ``programs``: PostgreSQL's, of a member that has one."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.to_thread(rotate_ours, home)
        if programs is not None:
            await asyncio.to_thread(rotate_database_logs, home, account, programs)


def rotate_ours(home: Home) -> None:
    for path in our_logs(home):
        if _size(path) > LOG_MAX_BYTES:
            rotate(path)


def rotate_database_logs(home: Home, account: Account, programs: Path) -> None:
    files = home.postgres_log.glob("*.log")
    long = [path for path in files if _size(path) > DATABASE_LOG_MAX_BYTES]
    if not long:
        return
    command = ["/bin/sh", "-c", MOVE_ASIDE, "sh", programs / "pg_ctl", home.data, *long]
    with contextlib.suppress(OSError):
        run_as(account, [str(word) for word in command])


def our_logs(home: Home) -> Iterator[Path]:
    """Files in folders of ours alone; some may not be there."""
    yield home.path / "cell.log"
    yield home.path / "node.log"  # of a lab
    yield home.route / "envoy.log"
    yield home.patroni / "start.log"
    yield home.etcd / "etcd.log"


def rotate(path: Path) -> None:
    """``path`` to ``path.1``, that to ``path.2``; then ``path`` is empty.

    What is said between the copy and the emptying is lost.  Without room for a copy all of it
    is: a full disk would cost more.
    """
    older = [path.with_name(f"{path.name}.{n}") for n in range(1, LOG_FILES)]
    for new, old in zip(reversed(older[:-1]), reversed(older[1:]), strict=True):
        if new.exists():
            new.replace(old)
    try:
        shutil.copyfile(path, older[0])
        older[0].chmod(0o600)
    except OSError as error:
        log.warning("%s could not be copied before it was emptied: %s", path, error)
        older[0].unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        os.truncate(path, 0)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
