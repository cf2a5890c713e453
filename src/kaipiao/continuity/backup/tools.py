"""The server's own programs (pg_basebackup and its sisters), run as the server's user.

Not as root, even when we are: a server that has gone wrong must not be able to have root write
where it likes.  The password travels in the environment, which only that user can read.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kaipiao.continuity.backup.wrong import BackupWrong
from kaipiao.ledger.embedded.account import (
    Account,
    can_enter,
    choose_account,
    run_as,
)
from kaipiao.ledger.embedded.cluster import written_by
from kaipiao.ledger.embedded.passwords import BACKUP, keep_password
from kaipiao.ledger.embedded.places import find_home, make_folder
from kaipiao.ledger.embedded.programs import Programs, find_programs, make_reachable

SAID_MAX = 2_000


class Tools(NamedTuple):
    programs: Programs
    account: Account

    def run(self, program: str, *arguments: object, secret: Mapping[str, str] | None = None) -> str:
        """What it said.  Raises BackupWrong: it failed, in its own words."""
        command = [str(self.programs.bin / program), *map(str, arguments)]
        done = run_as(self.account, command, secret=secret)
        if done.returncode != 0:
            said = done.stdout.strip()[-SAID_MAX:]
            raise BackupWrong(zh=f"{program} 没有成功: {said}", en=f"{program} failed: {said}")
        return done.stdout

    def make(self, folder: Path) -> Path:
        """A folder of the server's user, made if need be, inside one of ours."""
        make_folder(folder, mode=0o700, owner=self.account)
        return folder

    def open_shelf(self, path: Path) -> None:
        """Make the backup folder, which the server's user may pass and only we may list.

        Raises:
            BackupWrong: that user cannot reach it.
        """
        path.mkdir(parents=True, exist_ok=True)
        if self.account.uid != os.geteuid() and path.stat().st_uid == os.geteuid():
            path.chmod(path.stat().st_mode & 0o777 | 0o011)
        if not can_enter(self.account, path):
            raise BackupWrong(
                zh=f"数据库用户 {self.account.name} 无法进入备份目录 {path}。"
                "请开放其上级目录的进入权限 (chmod o+x), 或另选目录。",
                en=f"The database's user {self.account.name} cannot enter the backup folder "
                f"{path}. Let it pass the folders above (chmod o+x), or choose another.",
            )

    def append(self, path: Path, text: str) -> None:
        """Write at the end of a file of the server's user, as that user."""
        self._shell('cat >> "$1"', path, input=text)

    def put(self, path: Path, text: str) -> None:
        """The same, in place of what it held."""
        self._shell('cat > "$1"', path, input=text)

    def remove(self, path: Path) -> None:
        """Remove a file of that user's, if it is there."""
        self._shell('rm -f -- "$1"', path)

    def replace(self, source: Path, target: Path) -> None:
        """Put ``source`` where ``target`` is, if there is a ``source``."""
        self._shell('if [ -f "$1" ]; then mv -f -- "$1" "$2"; fi', source, target)

    def _shell(self, script: str, *paths: Path, input: str | None = None) -> None:
        done = run_as(self.account, ["/bin/sh", "-c", script, "sh", *paths], input=input)
        if done.returncode != 0:
            raise OSError(done.stdout)


class Reach(NamedTuple):
    """How the backup's role reaches a server: over its socket, or an address."""

    host: str
    port: int
    password: str

    @property
    def arguments(self) -> tuple[str, ...]:
        return ("-h", self.host, "-p", str(self.port), "-U", BACKUP, "-w")

    @property
    def secret(self) -> dict[str, str]:
        return {"PGPASSWORD": self.password}


def tools_of(data: Path) -> Tools:
    """For the embedded database of the cell in this folder.

    Raises:
        BackupWrong: there is none.
        DatabaseWontStart: no PostgreSQL fits it.
    """
    home = find_home(data)
    if home is None or (version := written_by(home / "data")) is None:
        raise BackupWrong(
            zh=f"{data} 中没有单元的数据库。请用 --data 指定单元的数据目录。",
            en=f"There is no cell's database in {data}. Name the cell's data folder: --data DIR.",
        )
    account = choose_account(home / "data")
    return Tools(make_reachable(find_programs(written_by=version), account), account)


def tools_for(version: str, data: Path) -> Tools:
    """For a cell that is to be restored into ``data``.  Raises DatabaseWontStart."""
    account = choose_account(data / "postgres" / "data")
    major = int(version.split(".")[0])
    return Tools(make_reachable(find_programs(written_by=major), account), account)


def reach_of(data: Path, sockets: str) -> Reach:
    """The running embedded server of this cell."""
    return Reach(sockets, 5432, keep_password(data / "secrets", BACKUP))
