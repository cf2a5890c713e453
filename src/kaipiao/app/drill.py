"""Wiring for ``kaipiao drill`` without a lab: one ordinary cell on loopback, in a scratch folder.

It is started as its operator starts it, and it is ours alone: no drill touches another cell.
"""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.continuity.drill.experiment import Experiment, Target
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.line import Answer, Door, NoDoor, Silence, ask_once
from kaipiao.continuity.drill.perform import DESKS, Say, check_can, perform
from kaipiao.continuity.drill.reckon import compose_journal, survey
from kaipiao.continuity.drill.stage import Done, Stage, StageRefused
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import VerifierKey, parse_vkey
from kaipiao.ledger.embedded.passwords import ROOT, compose_dsn
from kaipiao.ledger.embedded.remove import remove_database

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
ASK_WITHIN_S = 5.0
POLL_S = 0.05
PROGRAM = (sys.executable, "-c", "from kaipiao.cli.main import main; main()")


class CellStage:
    """One cell that may be killed and started any number of times."""

    name = "one cell on loopback"

    def __init__(self, folder: Path) -> None:
        self.folder = CellFolder(str(folder))
        self._port = free_port()
        self._ready = folder.with_name("ready")
        self._said = folder.with_name("said")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def token(self) -> str:
        return self.folder.first_key.read_text(encoding="ascii").strip()

    @property
    def doors(self) -> list[Door]:
        return [Door("127.0.0.1", self._port)]

    @property
    def acts(self) -> Mapping[str, Callable[[Target], Awaitable[Done]]]:
        return {
            "kill-postgres": self._kill_postgres,
            "kill-cell": self._kill_cell,
            "start-cell": self._start_cell,
        }

    @property
    def logs(self) -> dict[str, Path]:
        return {"cell": self.folder.evidence}

    @property
    def vkey(self) -> VerifierKey:
        return parse_vkey((self.folder.secrets / VKEY_NAME).read_text(encoding="utf-8").strip())

    async def unsteady(self) -> list[str]:
        try:
            answer = await ask_once(self.doors[0], "GET /readyz", within_s=ASK_WITHIN_S)
        except (NoDoor, Silence):
            answer = Answer()
        return [] if answer.status == 200 else [f"the cell is not ready ({answer.status})"]

    async def dsn(self) -> str:
        running = read_running(self.folder)
        assert running, "it is steady, so it runs"
        where = parse_qs(urlsplit(running.dsn).query)
        secrets = Path(where["passfile"][0]).parent
        return compose_dsn(sockets=Path(where["host"][0]), secrets=secrets, role=ROOT)

    async def start(self) -> None:
        """Raises StageRefused: it did not get ready; with what it said."""
        self._ready.unlink(missing_ok=True)
        command = [*PROGRAM, "up", "--data", str(self.folder.path), "--port", str(self._port)]
        more = ["--workers", "2", "--ready-file", str(self._ready)]
        self._process = _start([*command, *more], self._said)
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                text = self._said.read_text(encoding="utf-8", errors="replace")[-2_000:]
                raise StageRefused(zh=f"单元没有启动: {text}", en=f"It did not start: {text}")
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            kill(below(self._process.pid))
            self._process.wait()

    # ---- acts ----

    async def _kill_postgres(self, _: Target) -> Done:
        assert self._process
        pids = [pid for pid in below(self._process.pid) if "/postgres -D " in command_of(pid)]
        kill(pids[:1])
        return Done(f"postgres {pids[:1]}", struck_s=time.monotonic())

    async def _kill_cell(self, _: Target) -> Done:
        assert self._process
        pids = below(self._process.pid)
        kill(pids)
        await asyncio.to_thread(self._process.wait)
        return Done(f"{len(pids)} processes", self._start_if_down)

    async def _start_cell(self, _: Target) -> Done:
        await self.start()
        return Done("")

    async def _start_if_down(self) -> None:
        if self._process is None or self._process.poll() is not None:
            await self.start()


@asynccontextmanager
async def open_cell_stage(scratch: str | None = None) -> AsyncIterator[CellStage]:
    """A cell that runs inside the block and leaves nothing behind.  Raises StageRefused."""
    with tempfile.TemporaryDirectory(prefix="kaipiao-drill-", dir=scratch) as name:
        os.chmod(name, 0o711)  # noqa: S103  the database's user must pass through
        folder = Path(name) / "cell"
        stage = CellStage(folder)
        try:
            await stage.start()
            yield stage
        finally:
            with undisturbed():
                await stage.stop()
                remove_database(folder)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Whoever presses Ctrl-C twice is impatient, and wants nothing left behind all the same."""
    before = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _start(command: list[str], said: Path) -> "subprocess.Popen[bytes]":
    """In a session of its own: a Ctrl-C is for us, who stop it in good order."""
    with said.open("ab") as log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def below(root: int) -> list[int]:
    """This process and all that came from it, the older first."""
    children: dict[int, list[int]] = {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            children.setdefault(int(fields[1]), []).append(pid)
    found = [root]
    for pid in found:  # grows while we walk it
        found += children.get(pid, [])
    return found


def command_of(pid: int) -> str:
    """Its command line; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill(pids: list[int]) -> None:
    """SIGKILL; whoever is gone already is gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def drill_a_cell(
    experiments: list[Experiment], *, seed: int, scratch: str | None, say: Say
) -> AsyncIterator[Journal]:
    """One scratch cell, one drill after the other.  Raises StageRefused: nothing was broken."""
    for experiment in experiments:
        check_can(experiment, CellStage(Path("cell")))
    async with open_cell_stage(scratch) as stage:
        for place, experiment in enumerate(experiments):
            yield await drill_on(stage, experiment, seed=seed + place, say=say)


async def drill_on(stage: Stage, experiment: Experiment, *, seed: int, say: Say) -> Journal:
    """One drill on a stage that stands."""
    began_at = SystemClock().now().isoformat(timespec="seconds")
    done = await perform(experiment, stage, seed=seed, desk=secrets.randbelow(DESKS), say=say)
    books, late = await survey(stage)
    told = {"version": version("kaipiao"), "began_at": began_at}
    return compose_journal(experiment, stage, done, books, late, seed=seed, **told)
