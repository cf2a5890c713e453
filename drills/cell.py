"""The cell under drill: started as its operator starts it, killed as no operator would."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

import bench.cell
from bench import processes
from kaipiao.app.folder import CellFolder, Running
from kaipiao.continuity.drill.line import Door, Line
from kaipiao.continuity.drill.sales import Desk
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import VerifierKey, parse_vkey
from kaipiao.ledger.embedded.remove import remove_database

READY_WITHIN_S = 60.0
POLL_S = 0.02


class DidNotStart(Exception):
    """The cell did not get ready."""


class Cell:
    """``kaipiao up`` on one folder and one port; may be killed and started any number of times."""

    def __init__(self, folder: Path, *arguments: str, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._arguments = arguments
        self._ready = folder.parent / f"{folder.name}.ready"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    @property
    def vkey(self) -> VerifierKey:
        return parse_vkey(self.vkey_text)

    @property
    def vkey_text(self) -> str:
        return (self.folder / "secrets" / VKEY_NAME).read_text().strip()

    @property
    def first_key(self) -> str:
        return CellFolder(str(self.folder)).first_key.read_text(encoding="ascii").strip()

    async def start(self) -> None:
        """Raises DidNotStart."""
        self._ready.unlink(missing_ok=True)
        with (self.folder.parent / f"{self.folder.name}.said").open("ab") as said:
            self._process = processes.start(
                str(Path(sys.executable).with_name("kaipiao")),
                *("up", "--data", str(self.folder), "--port", str(self.port)),
                *("--ready-file", str(self._ready), "--workers", "2", *self._arguments),
                stdout=said,
                stderr=said,
            )
        deadline = asyncio.get_running_loop().time() + READY_WITHIN_S
        while not self._ready.exists():
            if self._process.poll() is not None or asyncio.get_running_loop().time() > deadline:
                raise DidNotStart(self.said()[-2_000:])
            await asyncio.sleep(POLL_S)

    def said(self) -> str:
        """What it printed, since the first start."""
        path = self.folder.parent / f"{self.folder.name}.said"
        return path.read_text(encoding="utf-8", errors="replace")

    def bench(self) -> "bench.cell.Cell":
        """As the bench sees it: addresses of the database, first key."""
        told = msgspec.json.decode(self._ready.read_bytes(), type=Running)
        return bench.cell.Cell(self.folder, self.pid, told)

    # ---- its processes ----

    def workers(self) -> list[int]:
        return self._below("kaipiao.app.serve")

    def log_writers(self) -> list[int]:
        return self._below("kaipiao.app.work")

    def postmasters(self) -> list[int]:
        every = processes.below(self.pid)
        return [one.pid for one in every if "/postgres -D " in one.name]

    def backends(self) -> list[int]:
        """The children of the postmaster: sessions, writers of the log and of pages, and so on."""
        return [one.pid for one in processes.below(*self.postmasters()) if "postgres: " in one.name]

    def everyone(self) -> list[int]:
        return [one.pid for one in processes.below(self.pid)]

    def _below(self, module: str) -> list[int]:
        return [one.pid for one in processes.below(self.pid) if module in one.name]

    def was_killed(self) -> bool:
        return self._process is None or self._process.poll() is not None

    async def wait_until_dead(self) -> None:
        while not self.was_killed():
            await asyncio.sleep(POLL_S)

    async def stop(self) -> float:
        """SIGTERM; seconds until it was gone."""
        began = asyncio.get_running_loop().time()
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await self.wait_until_dead()
            kill(self.everyone())
            self._process.wait()
        return asyncio.get_running_loop().time() - began


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


@asynccontextmanager
async def open_cell(folder: Path, *arguments: str) -> AsyncIterator[Cell]:
    """A cell that runs inside the block, and leaves nothing behind."""
    cell = Cell(folder, *arguments)
    try:
        await cell.start()
        yield cell
    finally:
        await cell.stop()
        remove_database(folder)


async def open_shop(cell: Cell, desk: Desk) -> list[str]:
    """Grant every seller of the desk its credit line; API keys for the callers."""
    line = Line([Door("127.0.0.1", cell.port)], cell.first_key)
    for seller in (*desk.rich, *desk.poor):
        ask = msgspec.json.encode({"limit_fen": desk.limit_fen(seller)})
        answer = await line.ask(f"PUT /v1/credit-lines/{seller}", ask)
        assert answer.status == 200, answer
    line.hang_up()
    return [cell.first_key]
