"""One database, one supervisor."""

import fcntl
import os
from pathlib import Path

from kaipiao.ledger.embedded.failure import DatabaseWontStart


class SupervisorLock:
    """Held while a supervisor lives; the kernel gives it back even after a kill -9.

    The file stays: removing it would let two hold it, one the old file and one the new.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def take(self) -> None:
        """
        Raises:
            DatabaseWontStart: another supervisor has it.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode() or "?"
            os.close(handle)
            raise _in_use(self._path.parent, holder) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        self._handle = handle

    def give_back(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _in_use(home: Path, holder: str) -> DatabaseWontStart:
    return DatabaseWontStart(
        zh=f"数据库 {home} 正由另一个 kaipiao (进程 {holder}) 运行。"
        "请先停止它, 或使用其他数据目录。",
        en=f"The database {home} is run by another kaipiao (process {holder}). Stop that one "
        "first, or use another data folder.",
    )
