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
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from kaipiao.base.durable import write_whole
from kaipiao.continuity.release.program import environment_of
from kaipiao.continuity.shadow.plan import Elsewhere, read_plan
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
LOOK_EVERY_S = 0.05


class Running(msgspec.Struct, frozen=True):
    """What a cell tells in its ready file."""

    url: str
    key_file: str
    pid: int


class RunFolder:
    """Where everything of one run lies: its cell, what was compared, what was said."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cell = path / "cell"
        self.ready = path / "ready.json"
        self.said = path / "said.log"

    def make(self) -> None:
        """Make the folders, and mark them.  Raises OSError where that is not allowed."""
        self.cell.mkdir(parents=True, exist_ok=True)
        config = self.cell / "config.json"
        write_whole(config, msgspec.json.format(msgspec.json.encode(SETTINGS)) + b"\n")


class ShadowFolder:
    """The runs, one beside the other, and the plan that says which is on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan = path / "plan.json"
        self.lock = path / "run.lock"
        self.route = path / "route"

    def make(self) -> None:
        """Raises OSError where that is not allowed."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.path / "READ-ME.txt", README.encode(), mode=0o644)

    def run(self, number: int) -> RunFolder:
        return RunFolder(self.path / f"run-{number}")

    def now(self) -> RunFolder:
        """Of the run that is on, or of the first one to come."""
        plan = read_plan(self.plan)
        return self.run(plan.number if plan else 1)

    def drop_ledgers_before(self, number: int) -> None:
        """Former runs keep what was found, not the ledgers that they found it with."""
        for former in range(1, number):
            end_left_behind(self.run(former))
            shutil.rmtree(self.run(former).cell, ignore_errors=True)


class AlreadyRuns(Exception):
    """Another process runs the shadow in this folder."""

    def __init__(self, pid: int) -> None:
        super().__init__(f"process {pid}")
        self.pid = pid


class OnlyRun:
    """Held while a run lives.  The kernel gives it back, even after a kill -9."""

    def __init__(self, lock: Path) -> None:
        self._path = lock
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
    return holder_of(folder.lock)


def end_left_behind(folder: RunFolder) -> None:
    """End the cell of a run that was killed: it would hold the folder, and answer nobody."""
    end_holder(folder.cell / "run" / "up.lock")


def end_holder(lock: Path) -> None:
    """End the process of ours that holds it, if one does."""
    deadline = time.monotonic() + STOP_WITHIN_S
    while (pid := holder_of(lock)) is not None:
        is_late = time.monotonic() > deadline
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if is_late else signal.SIGTERM)
        time.sleep(LOOK_EVERY_S)


def holder_of(lock: Path) -> int | None:
    """The process that holds it."""
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.pread(handle, 32, 0) or b"0") or None
    finally:
        os.close(handle)
    return None


class ShadowCell:
    """``program up``, kept alive; reached by what it says once it answers."""

    def __init__(self, folder: RunFolder, program: Sequence[str]) -> None:
        self._folder = folder
        self._program = tuple(program)
        self._process: asyncio.subprocess.Process | None = None
        self._cannot = ""

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
        return await reach(self.place())

    def place(self) -> Elsewhere:
        """Where it is now.  Raises Away."""
        try:
            running = msgspec.json.decode(self._folder.ready.read_bytes(), type=Running)
        except (OSError, msgspec.DecodeError):
            raise Away(self._cannot or f"it is not ready yet (see {self._folder.said})") from None
        return Elsewhere(running.url, running.key_file)

    async def _live_once(self) -> None:
        try:
            self._process = await self._begin()
        except OSError as error:  # no such program: it may be installed yet
            self._cannot = str(error)
            return
        self._cannot = ""
        await self._process.wait()

    async def _begin(self) -> asyncio.subprocess.Process:
        """Raises OSError: the program cannot be run."""
        command = (*self._program, "up", "--data", str(self._folder.cell))
        with self._folder.said.open("ab") as said:
            return await asyncio.create_subprocess_exec(
                *command,
                "--ready-file",
                str(self._folder.ready),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env=clean(environment_of(command[0])),
                start_new_session=True,  # a Ctrl-C at the terminal is for us, and we stop it
            )

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


class ShadowElsewhere:
    """A shadow that somebody else runs: a cell with our mark, reached by its address."""

    def __init__(self, place: Elsewhere) -> None:
        self._place = place

    async def run(self) -> None:
        """Nothing to keep alive."""
        await asyncio.Event().wait()

    async def reach(self) -> There:
        """As ``ShadowCell.reach``."""
        return await reach(self._place)

    def place(self) -> Elsewhere:
        return self._place


async def reach(place: Elsewhere) -> There:
    """Raises Away, NotAShadow."""
    return await checked(There(place.url, _key_of(place)))


def _key_of(place: Elsewhere) -> str:
    """Raises Away."""
    try:
        return Path(place.key_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise Away(f"its key cannot be read: {error}") from None


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
