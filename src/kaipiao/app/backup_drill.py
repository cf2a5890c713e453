"""``kaipiao backup drill``: a whole cell is lost under load and comes back, against a clock.

In a folder of its own, with a cell of its own: nothing that exists is touched.  Everything of the
cell is killed with SIGKILL and its folder removed; what is left is the backup.  Then every receipt
that was acknowledged is asked for again by its key: the same number must come back.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from kaipiao.app.backup import backup_now, restore_cell
from kaipiao.app.folder import CellFolder, Running
from kaipiao.app.health import read_backed_up
from kaipiao.app.settings import load_settings
from kaipiao.client.batch import Sale
from kaipiao.client.client import Client
from kaipiao.client.retry import Budget
from kaipiao.continuity.backup.shelf import size_of
from kaipiao.errors import Outage
from kaipiao.fiscal.sample import SELLERS, sample_drafts
from kaipiao.ledger.embedded.remove import remove_database

SEED = 20261125
CREDIT_FEN = 10**15
LOAD_S = 3.0
"""For so long sales go on before the blow."""
STREAM_WITHIN_S = 1.0
"""What was acknowledged earlier than this before the blow must be in the stream, on any machine."""
READY_WITHIN_S = 120.0
POLL_S = 0.05
SALES_MAX = 1_000_000
"""More than anyone sells in those seconds."""

Say = Callable[[str], None]


class Lost(msgspec.Struct, frozen=True, kw_only=True):
    """What the drill found.  ``lost_late`` were acknowledged in the last second before the blow."""

    acknowledged: int
    acknowledged_lost: int
    lost_late: int
    root_extends: bool
    cell_bytes: int
    restore_s: float  # from nothing to a proved, stopped cell
    start_s: float  # to the first answer
    recovery_s: float  # both

    @property
    def holds(self) -> bool:
        return self.root_extends and self.acknowledged_lost == self.lost_late


class Heard(NamedTuple):
    number: str
    at: float  # monotonic seconds


async def run_drill(invoices: int, *, say: Say, place: Path | None = None) -> Lost:
    """Lose a cell of so many invoices and bring it back.

    Raises:
        Outage: a cell of the drill's did not start.
        BackupWrong: the restore was refused; that is a failed drill.
    """
    with _scratch(place) as folder:
        cell, backups = folder / "cell", folder / "backups"
        heard, blow_at, cell_bytes = await _live_and_die(cell, backups, invoices, say)
        return await _come_back(cell, backups, heard, blow_at, cell_bytes, say)


@contextmanager
def _scratch(place: Path | None) -> Iterator[Path]:
    """A folder that the database's user may enter; it and the cell in it are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kaipiao-drill-", dir=place) as name:
        folder = Path(name)
        folder.chmod(0o711)
        try:
            yield folder
        finally:
            remove_database(folder / "cell")


async def _live_and_die(
    cell: Path, backups: Path, invoices: int, say: Say
) -> tuple[dict[str, Heard], float, int]:
    heard: dict[str, Heard] = {}
    with running_cell(cell, backups) as (process, running):
        say("fill")
        client = client_of(running, within_s=30)
        for seller in SELLERS:
            client.grant_credit(seller.taxpayer_id, CREDIT_FEN)
        await asyncio.to_thread(_sell, client, heard, range(invoices))
        say("backup")
        await asyncio.to_thread(_until_streaming, cell)
        await backup_now(load_settings({"data": str(cell)}, {}), backups, full=False)
        cell_bytes = await asyncio.to_thread(size_of, cell)
        say("load")
        short = client_of(running, within_s=1)
        selling = threading.Thread(target=_sell_until_cut, args=(short, heard, invoices))
        selling.start()
        await asyncio.sleep(LOAD_S)
        say("blow")
        blow_at = time.monotonic()
        _kill_all(process.pid)
        await asyncio.to_thread(selling.join)
    await asyncio.to_thread(remove_database, cell)
    await asyncio.to_thread(shutil.rmtree, cell)
    return heard, blow_at, cell_bytes


async def _come_back(
    cell: Path, backups: Path, heard: dict[str, Heard], blow_at: float, cell_bytes: int, say: Say
) -> Lost:
    began = time.monotonic()
    restored = await restore_cell(cell, backups, None, say=say)
    restore_s = time.monotonic() - began
    say("start")
    with running_cell(cell, backups) as (_, running):
        start_s = time.monotonic() - began - restore_s
        say("receipts")
        client = client_of(running, within_s=30)
        again: dict[str, Heard] = {}
        await asyncio.to_thread(_sell, client, again, range(len(heard)))
    lost = [key for key, told in heard.items() if again[key].number != told.number]
    late = [key for key in lost if heard[key].at > blow_at - STREAM_WITHIN_S]
    return Lost(
        acknowledged=len(heard),
        acknowledged_lost=len(lost),
        lost_late=len(late),
        root_extends=restored.proof.verdict == "proved",
        cell_bytes=cell_bytes,
        restore_s=round(restore_s, 2),
        start_s=round(start_s, 2),
        recovery_s=round(restore_s + start_s, 2),
    )


def client_of(running: Running, *, within_s: float) -> Client:
    key = Path(running.key_file).read_text(encoding="ascii").strip()
    return Client(running.url, key, budget=Budget(within_s))


def sales(places: range) -> Iterator[Sale]:
    """Sale ``n`` is the same in every run, and so is its key."""
    drafts = islice(sample_drafts(SEED), places.start, None)
    for place, draft in zip(places, drafts, strict=False):
        yield Sale(place, f"drill-{place}", draft)


def _sell(client: Client, heard: dict[str, Heard], places: range) -> None:
    for result in client.batch(sales(places)):
        if result.number:
            heard[f"drill-{result.line}"] = Heard(result.number, time.monotonic())


def _sell_until_cut(client: Client, heard: dict[str, Heard], first: int) -> None:
    """One after the other, so that the last answer is at most one sale before the blow."""
    for sale in sales(range(first, first + SALES_MAX)):
        try:
            receipt = client.issue(sale.draft, key=sale.key)
        except Exception:
            return  # cut off: unacknowledged, whatever came of it
        heard[sale.key] = Heard(receipt.number, time.monotonic())


@contextmanager
def running_cell(cell: Path, backups: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Running]]:
    """A cell that backs itself up, stopped after the block if it still lives."""
    ready = cell.with_suffix(".ready")
    ready.unlink(missing_ok=True)
    program = "from kaipiao.cli.main import main; main()"
    kept = {name: text for name, text in os.environ.items() if not name.startswith("KAIPIAO_")}
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", program, "up", "--data", cell, "--port", "0"),
            *("--ready-file", ready, "--backup-folder", backups),
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


def _until_streaming(cell: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        told = read_backed_up(CellFolder(str(cell)))
        if any(one.newest_at and one.stream_lag_bytes is not None for one in told):
            return
        time.sleep(POLL_S)
    raise Outage("backups")


def _kill_all(pid: int) -> None:
    """The supervisor and all below it, children first frozen so that none sees another die."""
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
