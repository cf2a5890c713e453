"""Where everything of a cell lies in its data folder, and who may run it.

DIR/config.json     settings, if the operator writes any
DIR/vendors.json    who seals invoices, if anybody does
DIR/release.json    which program runs the cell, once a release was applied
DIR/secrets/        keys and passwords (0700)
DIR/postgres/       the embedded database
DIR/evidence/       the published log: static files that anyone may have
DIR/audit/          the audit log as it is published: nothing in it says who did what
DIR/archive/        old batches that left the database (0700): the only copy, unless you make one
DIR/renditions/     documents once asked for (0700); may be emptied at any time
DIR/logs/           what our processes say, one JSON object a line
DIR/run/            of the running cell: its lock, and ``cell.json``: where to reach it
"""

import fcntl
import os
from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole as write_whole

BACKUP_FOLDERS = 2
"""A cell streams into so many at most."""


class Running(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A running cell, as scripts and our own command line find it.

    ``dsn`` is in ``cell.json`` only, which none but the owner can read.
    """

    url: str
    key_file: str
    pid: int
    data: str
    dsn: str = ""


class CellFolder:
    """The data folder of one cell."""

    def __init__(self, data: str) -> None:
        self.path = Path(data)

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def first_key(self) -> Path:
        """The file that holds the secret of the first API key, and nothing else."""
        return self.secrets / "first-api-key"

    @property
    def evidence(self) -> Path:
        return self.path / "evidence"

    @property
    def audit(self) -> Path:
        return self.path / "audit"

    @property
    def audit_secrets(self) -> Path:
        """The audit log has a key of its own."""
        return self.secrets / "audit"

    @property
    def archive(self) -> Path:
        return self.path / "archive"

    @property
    def renditions(self) -> Path:
        return self.path / "renditions"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def release(self) -> Path:
        return self.path / "release.json"

    @property
    def release_door(self) -> Path:
        """The Unix socket at which the supervisor is asked for a release."""
        return self.run / "release.sock"

    @property
    def witnesses(self) -> Path:
        """What is known of the log's witnesses; may be lost."""
        return self.run / "witnesses.json"

    @property
    def audit_witnesses(self) -> Path:
        return self.run / "audit-witnesses.json"

    def backups(self, place: int) -> Path:
        """What was told last of the backups in the first folder (0) and the second (1)."""
        return self.run / f"backups-{place}.json"

    @property
    def running(self) -> Path:
        return self.run / "cell.json"

    def make(self) -> None:
        """Make the folders.  Raises OSError where that is not allowed."""
        self.path.mkdir(parents=True, exist_ok=True)
        for folder, mode in ((self.secrets, 0o700), (self.logs, 0o700), (self.run, 0o700)):
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)
        self.evidence.mkdir(exist_ok=True)
        self.audit.mkdir(exist_ok=True)


class AlreadyRunning(Exception):
    """Another supervisor runs the cell in this folder; ``holder`` is its process."""

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(f"{folder} is run by process {holder}")
        self.folder = folder
        self.holder = holder


class OnlySupervisor:
    """Held while a supervisor lives.  The kernel gives it back, even after a kill -9."""

    def __init__(self, folder: CellFolder) -> None:
        self._folder = folder
        self._handle = -1

    def __enter__(self) -> "OnlySupervisor":
        path = self._folder.run / "up.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 32, 0).decode() or "?"
            os.close(handle)
            raise AlreadyRunning(self._folder.path, holder) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        self._handle = handle
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def read_running(folder: CellFolder) -> Running | None:
    """What the cell in this folder says of itself; None if it does not run, or never did."""
    try:
        running = msgspec.json.decode(folder.running.read_bytes(), type=Running)
        os.kill(running.pid, 0)
    except (OSError, msgspec.DecodeError):
        return None
    return running
