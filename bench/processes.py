"""Processes: starting and ending ours, and what they cost, read from ``/proc``."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL
from typing import IO, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
END_WITHIN_S = 8.0

Stream = IO[bytes] | int | None
NOTHING: Mapping[str, str] = {}
_started: list["subprocess.Popen[bytes]"] = []


class Seen(NamedTuple):
    """One process at one moment."""

    pid: int
    parent: int
    name: str
    cpu_s: float
    resident_bytes: int


def python(
    module: str, *arguments: str, env: Mapping[str, str] = NOTHING, **streams: Stream
) -> "subprocess.Popen[bytes]":
    """``python -m module``."""
    return start(sys.executable, "-m", module, *arguments, env=env, **streams)


def start(
    *command: str,
    env: Mapping[str, str] = NOTHING,
    stdin: Stream = DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
) -> "subprocess.Popen[bytes]":
    """Start a program in the project's folder; of our own settings it gets only ``env``."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("KAIPIAO_")}
    process = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        cwd=ROOT,
        env={**kept, **env},
        start_new_session=True,  # a Ctrl-C is for us; we tell the others
    )
    _started.append(process)
    return process


def ask_all_to_end() -> None:
    """Everyone at once; whoever started them waits for them."""
    for process in _started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)


@contextmanager
def ending(process: "subprocess.Popen[bytes]") -> Iterator["subprocess.Popen[bytes]"]:
    """Ended when the block is left, gently if it will."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def look(pid: int) -> Seen | None:
    """What ``/proc`` says of a process; None if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return None
    fields = stat.rpartition(") ")[2].split()
    # proc(5): fields 14 to 17 are its own time and that of children it has buried, 24 is rss.
    cpu_s = sum(int(field) for field in fields[11:15]) * TICK_S
    return Seen(pid, int(fields[1]), command.strip(), cpu_s, int(fields[21]) * PAGE_BYTES)


def below(*roots: int) -> list[Seen]:
    """These processes and all that came from them."""
    everyone = [seen for pid in os.listdir("/proc") if pid.isdigit() and (seen := look(int(pid)))]
    children: dict[int, list[Seen]] = {}
    for seen in everyone:
        children.setdefault(seen.parent, []).append(seen)
    found = [seen for seen in everyone if seen.pid in roots]
    for seen in found:  # grows while we walk it
        found += children.get(seen.pid, [])
    return found


def role_of(seen: Seen) -> str:
    """Which part of a stack a process is."""
    if "postgres" in seen.name.partition(" ")[0]:
        return "postgres"
    return "work" if "kaipiao.app.work" in seen.name else "server"


def cpu_by_role(*roots: int) -> dict[str, float]:
    """CPU seconds so far, by part."""
    spent: dict[str, float] = {}
    for seen in below(*roots):
        spent[role_of(seen)] = spent.get(role_of(seen), 0.0) + seen.cpu_s
    return spent


def wait_for(path: Path, process: "subprocess.Popen[bytes]", *, within_s: float) -> None:
    """Until the file is there.

    Raises:
        RuntimeError: the process ended, or it took too long.
    """
    end = time.monotonic() + within_s
    while not path.exists():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{process.args!r} did not get ready")
        time.sleep(0.02)


def bytes_in(folder: Path) -> int:
    """What the files below a folder take."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a partial tile may go while we look
            total += path.stat().st_size if path.is_file() else 0
    return total
