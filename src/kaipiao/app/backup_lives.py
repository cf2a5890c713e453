"""The cells of a restore drill: started as their operators start them, and killed like by fire."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from kaipiao.app.folder import CellFolder, Running
from kaipiao.app.health import read_backed_up
from kaipiao.client.client import Client
from kaipiao.client.retry import Budget
from kaipiao.errors import Outage
from kaipiao.ledger.embedded.remove import remove_database

READY_WITHIN_S = 600.0
"""A database that was stopped hard reads its log again first."""
BACKED_UP_WITHIN_S = 900.0
POLL_S = 0.05

PROGRAM = "from kaipiao.cli.main import main; main()"


@contextmanager
def scratch_folder(place: Path | None) -> Iterator[Path]:
    """A folder that the database's user may enter; it and the cell in it are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kaipiao-drill-", dir=place) as name:
        folder = Path(name)
        folder.chmod(0o711)
        try:
            yield folder
        finally:
            remove_database(folder / "cell")


@contextmanager
def running_cell(
    cell: Path, backups: Path | None = None
) -> Iterator[tuple["subprocess.Popen[bytes]", Running]]:
    """A cell, which backs itself up if it is told where; stopped after the block if it lives."""
    ready = cell.with_suffix(".ready")
    ready.unlink(missing_ok=True)
    more = ("--backup-folder", str(backups)) if backups else ()
    kept = {name: text for name, text in os.environ.items() if not name.startswith("KAIPIAO_")}
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", PROGRAM, "up", "--data", str(cell), "--port", "0"),
            *("--ready-file", str(ready), *more),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=kept,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Outage(f"cell ({cell})")
            time.sleep(POLL_S)
        yield process, msgspec.convert(json.loads(ready.read_bytes()), Running)
    finally:
        process.terminate()
        process.wait()


def key_in(running: Running) -> str:
    return Path(running.key_file).read_text(encoding="ascii").strip()


def client_of(running: Running, *, within_s: float) -> Client:
    return Client(running.url, key_in(running), budget=Budget(within_s))


def wait_until_backed_up(cell: Path) -> None:
    """Until there is a base backup and a stream.  Raises Outage: it says what is in the way."""
    deadline = time.monotonic() + BACKED_UP_WITHIN_S
    trouble = ""
    while time.monotonic() < deadline:
        told = read_backed_up(CellFolder(str(cell)))
        if any(one.newest_at and one.stream_lag_bytes is not None for one in told):
            return
        trouble = next((one.trouble for one in told if one.trouble), trouble)
        time.sleep(POLL_S)
    raise Outage(f"backups {trouble}".strip())


def wait_until_streamed(cell: Path) -> None:
    """Until all that was written so far is in the stream.  Raises Outage."""
    asked_at = time.monotonic()
    while time.monotonic() < asked_at + BACKED_UP_WITHIN_S:
        told = read_backed_up(CellFolder(str(cell)))
        if any(one.stream_lag_bytes == 0 for one in told):
            return
        time.sleep(POLL_S)
    raise Outage("backups")


def kill_all(pid: int) -> None:
    """The supervisor and all below it, first frozen so that none sees another die."""
    tree = [pid, *_below(pid)]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for one in tree:
            try:
                os.kill(one, number)
            except ProcessLookupError:
                continue


def _below(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    direct = [int(child) for child in listed]
    return direct + [below for child in direct for below in _below(child)]
