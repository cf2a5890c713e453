"""Wiring for ``kaipiao drill`` without a lab: one ordinary cell on loopback, in a scratch folder.

It is started as its operator starts it, and it is ours alone: no drill touches another cell.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kaipiao.app.drill_series import drill_while_it_holds, make_folder, plan, undisturbed
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.drill.experiment import Experiment, Target
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.line import Answer, Door, NoDoor, Silence, ask_once
from kaipiao.continuity.drill.perform import Say, check_can
from kaipiao.continuity.drill.stage import Done, StageRefused
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

    async def unsteady(self) -> list[Sentence]:
        try:
            answer = await ask_once(self.doors[0], "GET /readyz", within_s=ASK_WITHIN_S)
        except (NoDoor, Silence):
            answer = Answer()
        if answer.status == 200:
            return []
        why = Sentence(f"单元未就绪 ({answer.status})", f"the cell is not ready ({answer.status})")
        return [why]

    async def dsn(self) -> str:
        running = read_running(self.folder)
        assert running, "it is steady, so it runs"
        where = parse_qs(urlsplit(running.dsn).query)
        secrets = Path(where["passfile"][0]).parent
        return compose_dsn(sockets=Path(where["host"][0]), secrets=secrets, role=ROOT)

    async def copies(self) -> dict[str, str]:
        return {}

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


class ScratchCell:
    """A cell of our own.  ``stays``: its folder is not removed at the end of the block."""

    def __init__(self, folder: Path) -> None:
        self.stage = CellStage(folder)
        self.stays = False


@asynccontextmanager
async def open_cell(scratch: str | None, say: Say) -> AsyncIterator[ScratchCell]:
    """A cell that runs inside the block and leaves nothing behind.  Raises StageRefused."""
    place = make_folder(scratch)
    ours = ScratchCell(place / "cell")
    try:
        await ours.stage.start()
        yield ours
    finally:
        with undisturbed():
            await ours.stage.stop()
            if ours.stays:
                _tell_where(place, say)
            else:
                remove_database(place / "cell")
                shutil.rmtree(place)


def _tell_where(place: Path, say: Say) -> None:
    up = f"kaipiao up --data {place / 'cell'}"
    say(
        f"单元已停止, 数据和日志保留在 {place}。启动: {up}。用完请删除: rm -r {place}",
        f"The cell is stopped; its data and logs stay in {place}. To start it: {up}. "
        f"To remove it: rm -r {place}",
    )


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
    experiments: list[Experiment], *, seed: int, scratch: str | None, keep: bool, say: Say
) -> AsyncIterator[Journal]:
    """One scratch cell, one drill after the other; a fresh one after a drill that did not hold.

    Raises StageRefused: nothing was broken.
    """
    for experiment in experiments:
        check_can(experiment, CellStage(Path("cell")))
    left = plan(experiments, seed)
    while left:
        async with open_cell(scratch, say) as cell:
            async for journal in drill_while_it_holds(cell, left, keep=keep, say=say):
                yield journal
        if cell.stays:
            return
