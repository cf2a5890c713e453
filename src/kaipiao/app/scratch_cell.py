"""A cell of our own in a scratch folder: started as its operator does, killed as none would."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from kaipiao.app.folder import CellFolder
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.note import VerifierKey, parse_vkey

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
POLL_S = 0.02
SAID_SHOWN = 2_000
PROGRAM = (sys.executable, "-c", "from kaipiao.cli.main import main; main()")
SETTING = "KAIPIAO_"


class DidNotStart(Exception):
    """The cell did not get ready; ``str`` is the end of what it said."""


class ScratchCell:
    """``kaipiao up`` on one folder and one port; may be killed and started any number of times."""

    def __init__(self, folder: Path, *arguments: str, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._arguments = arguments
        self._ready = folder.with_name(f"{folder.name}.ready")
        self._said = folder.with_name(f"{folder.name}.said")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    @property
    def vkey_text(self) -> str:
        return (self.folder / "secrets" / VKEY_NAME).read_text(encoding="utf-8").strip()

    @property
    def vkey(self) -> VerifierKey:
        return parse_vkey(self.vkey_text)

    @property
    def first_key(self) -> str:
        return CellFolder(str(self.folder)).first_key.read_text(encoding="ascii").strip()

    async def start(self) -> None:
        """Until it is ready.  Raises DidNotStart."""
        self._ready.unlink(missing_ok=True)
        self._process = self._launch()
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise DidNotStart(self.said()[-SAID_SHOWN:])
            await asyncio.sleep(POLL_S)

    def _launch(self) -> "subprocess.Popen[bytes]":
        own = ("--data", str(self.folder), "--port", str(self.port), "--workers", "2")
        more = ("--ready-file", str(self._ready), *self._arguments)
        with self._said.open("ab") as said:
            return subprocess.Popen(
                [*PROGRAM, "up", *own, *more],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={n: text for n, text in os.environ.items() if not n.startswith(SETTING)},
                start_new_session=True,  # a Ctrl-C is for us, who stop it in good order
            )

    def said(self) -> str:
        """What it printed, since the first start."""
        return self._said.read_text(encoding="utf-8", errors="replace")

    def pids(self, word: str = "") -> list[int]:
        """Its processes with this word in their command line, the older first."""
        return [pid for pid in below(self.pid) if word in command_of(pid)]

    def postmasters(self) -> list[int]:
        return self.pids("/postgres -D ")

    def was_killed(self) -> bool:
        return self._process is None or self._process.poll() is not None

    async def wait_until_dead(self) -> None:
        while not self.was_killed():
            await asyncio.sleep(POLL_S)

    async def stop(self) -> float:
        """SIGTERM, and SIGKILL to what is left; seconds until it was gone."""
        began = time.monotonic()
        if self._process and not self.was_killed():
            self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wait_until_dead(), STOP_WITHIN_S)
            kill(self.pids())
            self._process.wait()
        return time.monotonic() - began


def below(*roots: int) -> list[int]:
    """These processes and all that came from them, the older first."""
    children: dict[int, list[int]] = {}
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdigit()):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            children.setdefault(int(fields[1]), []).append(pid)
    found = list(roots)
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
