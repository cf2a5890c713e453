"""Keeping the stream: received, begun again when it ends, and the newest checkpoints beside it."""

import asyncio
import logging
import subprocess
from contextlib import suppress
from pathlib import Path

from kaipiao.app.backup_at import MEMORY_NAME, At, find_cell
from kaipiao.app.folder import CellFolder
from kaipiao.app.settings import Settings
from kaipiao.continuity.backup.carried import carry_checkpoints
from kaipiao.continuity.backup.stream import StreamLost, start_stream, why_it_ended
from kaipiao.continuity.backup.take import make_room
from kaipiao.continuity.backup.wrong import BackupWrong

LOOK_EVERY_S = 0.5
CHECKPOINTS_EVERY_S = 2.0
"""So old may be the checkpoint against which a restored ledger is held."""
FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 10.0
END_WITHIN_S = 3.0

log = logging.getLogger(__name__)


def open_stream(settings: Settings, folder: Path, dsn: str = "", *, anew: bool = False) -> At:
    """The cell, its series, and the slot by which the server keeps what we have not received.

    ``anew``: the former slot is dropped and another series begun.

    Raises:
        BackupWrong, Outage: see ``find_cell``.
    """
    at = find_cell(settings, folder, dsn)
    if anew:
        make_room(at.series, at.tools)
        with suppress(BackupWrong):
            at.slots.drop(at.tools, at.reach, at.series, at.slot)
        at.shelf.begin_anew(CellFolder(settings.data).run / MEMORY_NAME)
        at = find_cell(settings, folder, dsn)
    make_room(at.series, at.tools)
    at.slots.make(at.tools, at.reach, at.series, at.slot)
    return at


def end_stream(settings: Settings, folder: Path) -> None:
    """The server keeps nothing for this folder any more.

    Raises:
        BackupWrong: there is no slot, or somebody streams; Outage.
    """
    at = find_cell(settings, folder)
    make_room(at.series, at.tools)
    at.slots.drop(at.tools, at.reach, at.series, at.slot)


async def keep_stream(at: At, said: Path, stop: asyncio.Event) -> None:
    """Receive until ``stop``; a stream that ends is begun again, ever more patiently.

    Raises:
        StreamLost: the server no longer has what we lack.
    """
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        # From this very thread, which is the one that the stream's life is tied to.
        process = start_stream(at.tools, at.reach, at.series, at.slot, said)
        began = asyncio.get_running_loop().time()
        await _watch(process, at, stop)
        if stop.is_set():
            return
        why = why_it_ended(said)
        if isinstance(why, StreamLost):
            raise why
        lived_s = asyncio.get_running_loop().time() - began
        pause_s = FIRST_PAUSE_S if lived_s > LAST_PAUSE_S else min(2 * pause_s, LAST_PAUSE_S)
        log.warning("%s; beginning again in %.1f s", why, pause_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)


async def _watch(process: "subprocess.Popen[bytes]", at: At, stop: asyncio.Event) -> None:
    """Until it ends or we are to; then it has ended in any case."""
    since_s = CHECKPOINTS_EVERY_S
    try:
        while process.poll() is None and not stop.is_set():
            if since_s >= CHECKPOINTS_EVERY_S:
                await asyncio.to_thread(carry_checkpoints, at.cell.data, at.series.seen)
                since_s = 0.0
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_EVERY_S)
            since_s += LOOK_EVERY_S
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
