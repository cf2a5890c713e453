"""The supervisor: makes the cluster, starts PostgreSQL, brings it back, stops it.

    server = EmbeddedPostgres(folder)
    await server.start()                            # ready; roles and database are there
    keeping = asyncio.create_task(server.run())     # back within a second whenever it dies
    ...                                             # asyncpg.connect(server.dsn_app)
    await server.stop()                             # and run() returns

Call ``start`` and ``run`` in a thread that lives as long as the server should (the main thread):
when that thread ends, the kernel tells PostgreSQL to shut down (see ``launch.py``).
"""

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from kaipiao.ledger.embedded import launch
from kaipiao.ledger.embedded.account import ENVIRONMENT
from kaipiao.ledger.embedded.cluster import make_roles
from kaipiao.ledger.embedded.failure import DatabaseWontStart, explain, read_tail
from kaipiao.ledger.embedded.passwords import APP, DATABASE, OWNER, ROOT, compose_dsn
from kaipiao.ledger.embedded.places import SOCKET_NAME
from kaipiao.ledger.embedded.prepare import Prepared, Wish, prepare
from kaipiao.ledger.embedded.programs import SHARED, Programs
from kaipiao.ledger.embedded.settings import Size
from kaipiao.ledger.embedded.survivors import QUICK_STOP_S, is_ready, stop_survivors

POLL_S = 0.02
"""How often we look at the process: fifty cheap calls a second, and no signal handler, no
thread, nothing tied to one event loop."""

FAST_STOP_S = 1.2
"""What a clean stop may take of the five seconds that a whole cell has for it (SIGINT ends the
sessions and writes a checkpoint).  Longer, and we stop it hard: nothing is lost, and the next
start recovers from the log."""

FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 5.0
"""Between failed restarts the pause doubles from the first to the last, and we never give up:
a full disk may be emptied."""

log = logging.getLogger(__name__)


class EmbeddedPostgres:
    """One PostgreSQL server, for the cell in ``folder``.

    Unless they are given, ``size`` is fitted to the machine and ``programs`` are looked for;
    ``shared`` is where a root supervisor may put what its unprivileged server must reach.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size: Size | None = None,
        programs: Programs | None = None,
        shared: Path = SHARED,
    ) -> None:
        self._wish = Wish(folder.resolve(), size, programs, shared)
        self._cell: Prepared | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = asyncio.Event()
        self._stopping.set()  # nothing is to run before start()

    @property
    def dsn_app(self) -> str:
        """For the servers: may do what the migrations grant."""
        return self.dsn(APP)

    @property
    def dsn_owner(self) -> str:
        """For migrations: owns the database."""
        return self.dsn(OWNER)

    @property
    def dsn_root(self) -> str:
        """For backups and tests: the superuser."""
        return self.dsn(ROOT)

    def dsn(self, role: str, *, database: str = DATABASE) -> str:
        """A DSN without a secret in it: the password is read from a 0600 file that it names."""
        places = self._prepared.places
        return compose_dsn(
            sockets=places.sockets, secrets=places.secrets, role=role, database=database
        )

    @property
    def sockets(self) -> Path:
        """The folder of the server's Unix socket."""
        return self._prepared.places.sockets

    @property
    def pid(self) -> int | None:
        """The postmaster's process, while it lives."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    async def start(self) -> None:
        """Bring the server up, from nothing if need be, and return when it takes connections.

        Raises:
            DatabaseWontStart: it says why and what to do; nothing of ours is left running.
        """
        assert self._stopping.is_set(), "started already"
        self._cell = await asyncio.to_thread(prepare, self._wish)
        self._stopping.clear()
        try:
            self._launch()
            await self._until_ready()
            await make_roles(self._cell.places)
        except BaseException:
            await self.stop()
            raise

    async def run(self) -> None:
        """Bring the server back whenever it dies, until ``stop``."""
        while not self._stopping.is_set():
            if self.pid is None:
                await self._bring_back()
            await asyncio.sleep(POLL_S)

    async def stop(self, *, patience_s: float = FAST_STOP_S) -> None:
        """Shut down fast and cleanly; within ``patience_s`` + ``QUICK_STOP_S``, in any case."""
        self._stopping.set()
        if self._cell is None:
            return  # never started
        for number, within_s in ((signal.SIGINT, patience_s), (signal.SIGQUIT, QUICK_STOP_S)):
            if await self._ended_by(number, within_s):
                break
        # Now whatever is left: a postmaster that hangs, or the children of one that was killed.
        await asyncio.to_thread(stop_survivors, self._cell.places.data, gently=False)
        self._cell.lock.give_back()

    @property
    def _prepared(self) -> Prepared:
        assert self._cell, "not started"
        return self._cell

    def _launch(self) -> None:
        """Fork from this very thread, which is the one the server's life is tied to."""
        places, programs, account, _ = self._prepared
        # Nothing runs on our data, so this is of a server that was killed.  PostgreSQL would refuse
        # to start while its number is a stranger's, or a dead process's that nobody has buried.
        (places.sockets / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)
        arguments = [os.getpid(), account.uid, account.gid]
        command = [programs.bin / "postgres", "-D", places.data]
        with places.start_log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-I", "-S", launch.__file__),
                    *(str(part) for part in (*arguments, *command)),
                    *("-c", f"config_file={places.settings}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is for us; we tell it ourselves
            )

    async def _until_ready(self) -> None:
        """Wait as long as it lives: recovery takes the time it takes, and must not be cut short."""
        data = self._prepared.places.data
        while (pid := self.pid) is not None:
            if is_ready(data, pid):
                return
            await asyncio.sleep(POLL_S / 4)
        raise self._why_not()

    def _why_not(self) -> DatabaseWontStart:
        """What it said to us until it opened its log, and in the log since."""
        places = self._prepared.places
        said = read_tail(places.start_log)
        if "redirecting log output" in said:
            logs = sorted(places.log.glob("*.log"), key=lambda path: path.stat().st_mtime)
            said = "".join(read_tail(path) for path in logs[-1:])
        return explain(said.rpartition("starting PostgreSQL")[2], place=places.home)

    async def _bring_back(self) -> None:
        """Start again, more patiently each time, until it works or we are stopped."""
        pause_s = FIRST_PAUSE_S
        began = time.monotonic()
        log.error("PostgreSQL died; starting it again")
        while not self._stopping.is_set():
            try:
                await asyncio.to_thread(stop_survivors, self._prepared.places.data)
                if self._stopping.is_set():
                    return
                self._launch()
                await self._until_ready()
                log.warning("PostgreSQL is back after %.2f s", time.monotonic() - began)
                return
            except (DatabaseWontStart, OSError) as error:
                if self._stopping.is_set():
                    return
                log.error("PostgreSQL does not start: %s", error)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)

    async def _ended_by(self, number: signal.Signals, patience_s: float) -> bool:
        """Signal the postmaster and wait; whether it has ended."""
        deadline = time.monotonic() + patience_s
        if self.pid is not None and self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_S / 4)
        return True
