"""A shadow cell of our own: a second program, a scratch folder, a mark on all that it makes.

What keeps its invoices from being mistaken for real ones:

    area 99            its numbers name an area that no tax bureau has
    shadow.invalid/…   the name of its log, in every checkpoint and receipt (RFC 2606: never exists)
    no couriers        it sends no mail and no webhook; no vendor, witness or time stamp is asked
    READ-ME.txt        in the folder

What keeps it from the real cell: it is given none of our environment's settings, above all no
database's address, and listens on a free port of this machine only.
"""

import asyncio
import fcntl
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.shadow.there import MARK, Away, There

AREA = 99
"""GB/T 2260 has no such province."""

PREFIX = "KAIPIAO_"
SETTINGS = {
    "area": AREA,
    "channel": 9,
    "host": "127.0.0.1",
    "port": 0,
    "workers": 1,
    "deliverers": 0,
    "log_origin": f"{MARK}log",
}
README = """\
影子单元 (双轨并行)。这里的发票不是真发票, 号码不得交给任何人。可随时删除整个目录。
A shadow cell.  No invoice in here is a real one; none of its numbers may be handed out.
The whole folder may be deleted at any time while no shadow runs.
"""
FIRST_PAUSE_S = 1.0
LAST_PAUSE_S = 30.0
STOP_WITHIN_S = 10.0


class Running(msgspec.Struct, frozen=True):
    """What a cell tells in its ready file."""

    url: str
    key_file: str
    pid: int


class ShadowFolder:
    """Where everything of a shadow run lies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cell = path / "cell"
        self.ready = path / "ready.json"
        self.said = path / "said.log"

    def make(self) -> None:
        """Make the folders, and mark them.  Raises OSError where that is not allowed."""
        self.cell.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / "READ-ME.txt", README.encode(), mode=0o644)
        config = self.cell / "config.json"
        write_whole(config, msgspec.json.format(msgspec.json.encode(SETTINGS)) + b"\n")


class AlreadyRuns(Exception):
    """Another process runs the shadow in this folder."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid}")
        self.pid = pid


class OnlyRun:
    """Held while a run lives.  The kernel gives it back, even after a kill -9."""

    def __init__(self, folder: ShadowFolder) -> None:
        self._path = folder.path / "run.lock"
        self._handle = -1

    def __enter__(self) -> "OnlyRun":
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = int(os.pread(self._handle, 32, 0) or b"0")
            os.close(self._handle)
            raise AlreadyRuns(pid) from None
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, str(os.getpid()).encode(), 0)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def runner_of(folder: ShadowFolder) -> int | None:
    """The process that runs the shadow in this folder; None: none does."""
    if not (folder.path / "run.lock").exists():
        return None
    try:
        with OnlyRun(folder):
            return None
    except AlreadyRuns as running:
        return running.pid


class ShadowCell:
    """``program up``, kept alive; reached by what it says once it answers."""

    def __init__(self, folder: ShadowFolder, program: Sequence[str]) -> None:
        self._folder = folder
        self._program = tuple(program)
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Keep it running until cancelled; then stop it."""
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                self._folder.ready.unlink(missing_ok=True)
                await self._live_once()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LAST_PAUSE_S)
        finally:
            await self._stop()

    async def reach(self) -> There:
        """The cell that runs now, once it has said that it is a shadow.

        Raises:
            Away: it does not answer yet.
            NotAShadow: what answers there is another cell.
        """
        return await checked(There(*self._told()))

    def _told(self) -> tuple[str, str]:
        """Its address and its key.  Raises Away."""
        try:
            running = msgspec.json.decode(self._folder.ready.read_bytes(), type=Running)
            return running.url, Path(running.key_file).read_text(encoding="ascii").strip()
        except (OSError, msgspec.DecodeError, UnicodeError):
            raise Away(f"it is not ready yet (see {self._folder.said})") from None

    async def _live_once(self) -> None:
        command = (*self._program, "up", "--data", str(self._folder.cell))
        with self._folder.said.open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                "--ready-file",
                str(self._folder.ready),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=clean(os.environ),
                start_new_session=True,  # a Ctrl-C at the terminal is for us, and we stop it
            )
        await self._process.wait()

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
            return
        process.kill()
        await process.wait()


async def checked(there: There) -> There:
    """``there``, which says that it is a shadow.  Raises Away, NotAShadow."""
    try:
        await there.status()
    except BaseException:
        await there.close()
        raise
    return there


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """Without any setting of ours: ``KAIPIAO_DSN`` would make the shadow write to the real cell."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
