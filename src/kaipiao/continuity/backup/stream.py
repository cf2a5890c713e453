"""The log of the database (WAL), received as it is written, and forced to the disk here.

``pg_receivewal`` with a slot of its own: the server keeps what was not received yet, up to
``max_slot_wal_keep_size``.  The last file is ``NAME.partial``, and a restore takes it too: waiting
for whole files (``archive_command``) would lose the newest 16 MB.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from kaipiao.continuity.backup.shelf import Series
from kaipiao.continuity.backup.tools import Reach, Tools
from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.ledger.embedded import launch
from kaipiao.ledger.embedded.account import ENVIRONMENT

STATUS_EVERY_S = 1


def slot_for(folder: Path, member: str = "") -> str:
    """A slot for each folder (of each member of a cluster), so that no two streams share one."""
    place = os.fsencode(folder.resolve()) + member.encode()
    return "kaipiao_backup_" + hashlib.sha256(place).hexdigest()[:8]


def make_slot(tools: Tools, reach: Reach, series: Series, slot: str) -> None:
    """See to it that the server keeps what we have not received.  Raises BackupWrong."""
    tools.run(
        "pg_receivewal",
        *reach.arguments,
        *("-D", series.wal, "--slot", slot, "--create-slot", "--if-not-exists"),
        secret=reach.secret,
    )


def drop_slot(tools: Tools, reach: Reach, series: Series, slot: str) -> None:
    """Let the server keep nothing for us any more.  Raises BackupWrong: there is none."""
    tools.run(
        "pg_receivewal",
        *reach.arguments,
        *("-D", series.wal, "--slot", slot, "--drop-slot"),
        secret=reach.secret,
    )


def start_stream(
    tools: Tools, reach: Reach, series: Series, slot: str, said: Path
) -> "subprocess.Popen[bytes]":
    """Receive until SIGINT; it ends by itself when the server does.  Its words go to ``said``.

    Started through ``launch``, so that the kernel ends it when we die.
    """
    account = tools.account
    command = [
        *(sys.executable, "-I", "-S", launch.__file__),
        *map(str, (os.getpid(), account.uid, account.gid)),
        *map(str, (tools.programs.bin / "pg_receivewal", *reach.arguments)),
        *("-D", str(series.wal), "--slot", slot, "--synchronous", "--no-loop"),
        *("--status-interval", str(STATUS_EVERY_S)),
    ]
    with said.open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env=ENVIRONMENT | reach.secret,
            start_new_session=True,
        )


class StreamLost(BackupWrong):
    """The server let go of what was not received: there is a hole, and a new series is needed."""


def why_it_ended(said: Path) -> BackupWrong:
    text = said.read_text(errors="replace").strip()[-1_000:]
    if "can no longer" in text or "invalidated" in text:
        return StreamLost(
            zh="流中断太久, 服务器已丢弃所需的日志。请重新开始: kaipiao backup stream --anew "
            "(会丢弃旧槽并立即做一次备份)。",
            en="The stream was away for so long that the server let go of what it needs. Begin "
            "anew: kaipiao backup stream --anew (drops the old slot and takes a backup at once).",
        )
    return BackupWrong(zh=f"流已结束: {text}", en=f"The stream ended: {text}")
