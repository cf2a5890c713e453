"""Servers that outlived their supervisor, and how to stop them without touching anyone else's.

A postmaster and its children work *in* the data folder, so a process is one of ours when the
kernel says that its program is called ``postgres`` and that its working folder is this very data
folder.  The number in ``postmaster.pid`` alone proves nothing: it may have been given to a
stranger since.

Only called with the supervisor's lock held, so what is found has no living supervisor.  It is
stopped rather than adopted: a server that is not our child could not be waited for.
Without ``/proc`` (macOS) nothing is found, and PostgreSQL's own lock refuses a second server.
"""

import os
import signal
import time
from pathlib import Path

ORPHAN_STOP_S = 10.0
"""SIGINT ends sessions and writes a checkpoint; nobody waits behind us, so it may take a while."""

QUICK_STOP_S = 0.5
"""SIGQUIT ends at once; the next start recovers from the log.  Then SIGKILL."""

PAUSE_S = 0.02

STEPS = ((signal.SIGINT, ORPHAN_STOP_S), (signal.SIGQUIT, QUICK_STOP_S), (signal.SIGKILL, 5.0))


def find_survivors(data: Path) -> set[int]:
    """The processes of any server that runs on ``data``."""
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    return {pid for pid in pids if _works_in(pid, data)}


def _works_in(pid: int, data: Path) -> bool:
    try:
        program = os.readlink(f"/proc/{pid}/exe")
        folder = os.stat(f"/proc/{pid}/cwd")
        ours = data.stat()
    except OSError:  # gone meanwhile, or another user's, hence not ours
        return False
    name = Path(program.removesuffix(" (deleted)")).name
    return name == "postgres" and (folder.st_dev, folder.st_ino) == (ours.st_dev, ours.st_ino)


def stop_survivors(data: Path, *, gently: bool = True) -> int:
    """Stop whatever still runs on ``data``; how many processes there were.

    When it returns, nothing runs there, and the ``postmaster.pid`` of a server that could not
    tidy up is gone too.
    """
    found = find_survivors(data)
    for number, patience_s in STEPS if gently else STEPS[-1:]:
        if _signal_all(data, number):
            _wait_gone(data, patience_s)
    if left := find_survivors(data):
        raise TimeoutError(f"the server on {data} cannot be stopped: processes {left}")
    (data / "postmaster.pid").unlink(missing_ok=True)
    return len(found)


def _wait_gone(data: Path, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while find_survivors(data) and time.monotonic() < deadline:
        time.sleep(PAUSE_S)


def _signal_all(data: Path, number: signal.Signals) -> bool:
    """Signal the postmaster, who tells its children; or all of them, when it is gone or must be.

    False if there was nobody to tell.  SIGINT is not for orphaned children: it would only
    cancel what they are doing.
    """
    pids = find_survivors(data)
    postmaster = read_pid(data)
    if postmaster in pids and number != signal.SIGKILL:
        pids = {postmaster}
    elif number == signal.SIGINT:
        return False
    for pid in pids:
        _signal_if_ours(pid, data, number)
    return bool(pids)


def _signal_if_ours(pid: int, data: Path, number: signal.Signals) -> None:
    """Look once more through a handle, so that the number cannot change hands in between."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if _works_in(pid, data):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def read_pid(data: Path) -> int | None:
    """The postmaster's number by its own lock file; None when there is no such file."""
    try:
        return int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def find_postmaster(data: Path) -> int | None:
    """The server that lives on ``data``, whoever started it; None if there is none.

    Neither the number that a killed one left, nor initdb's own server (a negative number).
    """
    pid = read_pid(data)
    return pid if pid and pid > 0 and _works_in(pid, data) else None


def signal_server(data: Path, number: signal.Signals) -> bool:
    """Signal the server that lives on ``data``; False if there is none."""
    pid = find_postmaster(data)
    if pid is not None:
        _signal_if_ours(pid, data, number)
    return pid is not None


def is_ready(data: Path, pid: int) -> bool:
    """Whether the server ``pid`` has written into its lock file that it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"
