"""``kaipiao backup drill``: a whole cell is lost under load and comes back, against a clock.

In a folder of its own, with a cell of its own: nothing that exists is touched.

1. fill      nine tenths of the invoices, then a base backup; a tenth more, and one of what changed
2. blow      under load, everything of the cell is killed with SIGKILL and its folder removed
3. restore   from what is left, which is the backup; proved
4. compare   receipts that were acknowledged are asked for again: the same numbers must come back
"""

import asyncio
import shutil
import subprocess
import threading
import time
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from kaipiao.app.backup import backup_now
from kaipiao.app.backup_journal import Found, Stopwatch
from kaipiao.app.backup_lives import (
    POLL_S,
    client_of,
    key_in,
    kill_all,
    running_cell,
    scratch_folder,
    wait_until_backed_up,
    wait_until_streamed,
)
from kaipiao.app.backup_stream import CHECKPOINTS_EVERY_S, LOOK_EVERY_S
from kaipiao.app.bring_back import Restored, Wanted, restore_cell
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, Running, read_running
from kaipiao.app.settings import load_settings
from kaipiao.app.this_machine import describe_machine
from kaipiao.client.client import Client
from kaipiao.continuity.backup.choose import spell
from kaipiao.continuity.backup.fill import Filler, drafts_at
from kaipiao.continuity.backup.saying import Say, progress_of
from kaipiao.continuity.backup.shelf import Shelf, size_of
from kaipiao.errors import Outage
from kaipiao.evidence.published import PublishedLog
from kaipiao.fiscal.sample import SELLERS
from kaipiao.ledger.archive.shelf import Shelf as ArchiveShelf
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.order import Order
from kaipiao.ledger.pool import Pool

CREDIT_FEN = 10**17
LOAD_S = 3.0
"""For so long sales go on before the blow."""
STREAM_WITHIN_S = 1.0
"""What was acknowledged earlier than this before the blow must be in the stream, on any machine."""
SALES_MAX = 1_000_000
"""More than anyone sells in those seconds."""
PUBLISHED_WITHIN_S = 300.0
COMPARE_MAX = 4_000
"""So many of the first invoices are asked for again; of those sold last, all."""


class Heard(NamedTuple):
    number: str
    at: float  # monotonic seconds


class Lost(NamedTuple):
    """What is known of a cell that is no more.  ``moment``: to be restored to; None: the last."""

    acknowledged: int
    heard: dict[int, Heard]  # by the place of the sale
    blow_at: float
    cell_bytes: int
    moment: datetime | None


async def run_drill(
    invoices: int, *, say: Say, place: Path | None = None, to_moment: bool = False
) -> Found:
    """Lose a cell of so many invoices and bring it back.

    ``to_moment``: to a noted moment after which more was written, instead of to the last one.

    Raises:
        Outage: a cell of the drill's did not start.
        BackupWrong: the restore was refused; that is a failed drill.
    """
    watch, began_at = Stopwatch(say), spell(SystemClock().now())
    with scratch_folder(place) as folder:
        cell, backups = folder / "cell", folder / "backups"
        lost = await _live_and_die(cell, backups, invoices, watch, to_moment=to_moment)
        began = time.monotonic()
        restored = await restore_cell(cell, Wanted(folder=backups, to=lost.moment), say=watch)
        restore_s = time.monotonic() - began
        watch("start")
        with running_cell(cell, backups) as (_, running):
            start_s = time.monotonic() - began - restore_s
            watch("receipts")
            again = await asyncio.to_thread(_ask_again, running, lost.heard)
        stream_bytes = sum(size_of(series.wal) for series in Shelf(backups).series()[:1])
        missing = [at for at, told in lost.heard.items() if again.get(at) != told.number]
        late = [at for at in missing if lost.heard[at].at > lost.blow_at - STREAM_WITHIN_S]
        return Found(
            began_at=began_at,
            machine=describe_machine(folder),
            to=restored.to,
            acknowledged=lost.acknowledged,
            compared=len(lost.heard),
            acknowledged_lost=len(missing),
            lost_late=len(late),
            root_extends=restored.proof.verdict == "proved",
            audit_extends=restored.audit.verdict == "proved",
            cell_bytes=lost.cell_bytes,
            backup_bytes=_chain_bytes(backups, restored) + stream_bytes,
            stream_bytes=stream_bytes,
            restore_s=round(restore_s, 2),
            start_s=round(start_s, 2),
            recovery_s=round(restore_s + start_s, 2),
            steps=watch.steps(),
        )


async def _live_and_die(
    cell: Path, backups: Path, invoices: int, watch: Stopwatch, *, to_moment: bool
) -> Lost:
    heard: dict[int, Heard] = {}
    first, second = invoices * 8 // 10, invoices * 9 // 10
    with running_cell(cell) as (_, running):
        watch("fill")
        client = client_of(running, within_s=30)
        for seller in SELLERS:
            client.grant_credit(seller.taxpayer_id, CREDIT_FEN)
        await _fill(running, range(first), heard, watch)
    with running_cell(cell, backups) as (process, running):
        watch("backup")
        await asyncio.to_thread(wait_until_backed_up, cell)
        watch("fill")
        await _fill(running, range(first, second), heard, watch)
        watch("backup")
        await backup_now(load_settings({"data": str(cell)}, {}), backups, full=False)
        watch("fill")
        await _fill(running, range(second, invoices), heard, watch)
        watch("load")
        cell_bytes = await asyncio.to_thread(size_of, cell)
        sold, blow_at, moment = await _sell_and_blow(
            cell, process, running, invoices, watch, to_moment=to_moment
        )
        heard = _few(heard) | sold
    await asyncio.to_thread(remove_database, cell)
    await asyncio.to_thread(shutil.rmtree, cell)
    return Lost(invoices + len(sold), heard, blow_at, cell_bytes, moment)


async def _fill(running: Running, places: range, heard: dict[int, Heard], watch: Stopwatch) -> None:
    filler = Filler(running.url, key_in(running))
    await filler.fill(places, progress_of(watch, "fill"))
    now = time.monotonic()
    heard |= {at: Heard(number, now) for at, number in filler.numbers.items()}


async def _sell_and_blow(
    cell: Path,
    process: "subprocess.Popen[bytes]",
    running: Running,
    first: int,
    watch: Stopwatch,
    *,
    to_moment: bool,
) -> tuple[dict[int, Heard], float, datetime | None]:
    """What was sold, when the blow came, and the moment to go back to, if one is wanted."""
    sold: dict[int, Heard] = {}
    is_over = threading.Event()
    client = client_of(running, within_s=1)
    selling = threading.Thread(target=_sell_until_cut, args=(client, sold, first, is_over))
    selling.start()
    await asyncio.sleep(LOAD_S)
    moment = await _note_moment(cell, is_over, selling) if to_moment else None
    watch("blow")
    blow_at = time.monotonic()
    kill_all(process.pid)
    await asyncio.to_thread(selling.join)
    return sold, blow_at, moment


async def _note_moment(cell: Path, is_over: threading.Event, selling: threading.Thread) -> datetime:
    """The sales end, the log is published, the moment is noted, and something is written after it:
    the server finds where to stop by what comes later.
    """
    is_over.set()
    await asyncio.to_thread(selling.join)
    folder = CellFolder(str(cell))
    running = read_running(folder)
    assert running, "it was asked a moment ago"
    pool = await Pool.open(running.dsn)
    try:
        await _until_published(folder, pool)
        moment = SystemClock().now()
        await asyncio.sleep(STREAM_WITHIN_S)
        await pool.fetchval("SELECT pg_current_xact_id()::text")
    finally:
        await pool.close()
    await asyncio.sleep(CHECKPOINTS_EVERY_S + LOOK_EVERY_S)
    await asyncio.to_thread(wait_until_streamed, cell)
    return moment


async def _until_published(folder: CellFolder, pool: Pool) -> None:
    """Raises Outage: the log is not written."""
    deadline = time.monotonic() + PUBLISHED_WITHIN_S
    published = PublishedLog(folder.evidence)
    while time.monotonic() < deadline:
        if not await Order(pool, ArchiveShelf(pool, None)).waiting():
            size = await pool.fetchval("SELECT size FROM log_state")
            if published.checkpoint().size == size:
                return
        await asyncio.sleep(POLL_S)
    raise Outage("log")


def _sell_until_cut(
    client: Client, sold: dict[int, Heard], first: int, is_over: threading.Event
) -> None:
    """One after the other, so that the last answer is at most one sale before the blow."""
    places = range(first, first + SALES_MAX)
    for at, (key, draft) in zip(places, drafts_at(places), strict=False):
        if is_over.is_set():
            return
        try:
            receipt = client.issue(draft, key=key)
        except Exception:
            return  # cut off: unacknowledged, whatever came of it
        sold[at] = Heard(receipt.number, time.monotonic())


def _few(heard: dict[int, Heard]) -> dict[int, Heard]:
    """At most so many as are asked for again, from the first to the last."""
    step = len(heard) // COMPARE_MAX + 1
    return dict(islice(sorted(heard.items()), 0, None, step))


def _ask_again(running: Running, heard: dict[int, Heard]) -> dict[int, str]:
    """The number that each of these sales has now."""
    client = client_of(running, within_s=30)
    again = {}
    for (key, draft), at in zip(drafts_at(sorted(heard)), sorted(heard), strict=True):
        again[at] = client.issue(draft, key=key).number
    return again


def _chain_bytes(backups: Path, restored: Restored) -> int:
    """Of the base backup, and of all that it builds upon."""
    series = next(one for one in Shelf(backups).series() if one.name == restored.backup.series)
    return sum(one.bytes for one in series.chain(restored.backup))
