"""``kaipiao up``: the supervisor of one cell on one machine.

    up ─┬─ PostgreSQL     (or another server, by its DSN)
        ├─ work           evidence log, clocks
        ├─ deliver × N    webhooks and mail
        ├─ seal × N       vendors' seals, if the cell has vendors
        └─ serve × N      HTTP, all on one listening socket that the supervisor keeps

Whatever dies is started again.  Because the socket is ours, callers who come meanwhile wait in
its queue, or, when no worker lives, are told to come back by ``stand_in``.  Callers whom a
worker left without a word when it was killed are told by ``last_words``.

The order of a stop: workers finish what they are doing, the log publishes its last checkpoint,
the database shuts down.  Late callers are told 503 until the very end.
"""

import asyncio
import signal
from functools import partial
from pathlib import Path

from kaipiao.app.cell import Announce, Cell, forget
from kaipiao.app.database import Database, database_of
from kaipiao.app.folder import CellFolder, OnlySupervisor
from kaipiao.app.journal import keep_journal
from kaipiao.app.last_words import allow_many_files
from kaipiao.app.listener import bind
from kaipiao.app.patience import ROUTE_WITHIN_S, when_it_answers
from kaipiao.app.prepare import prepare
from kaipiao.app.releasing import Releasing
from kaipiao.app.settings import Settings

LEAVE_WITHIN_S = 5.0
"""Workers of a supervisor that was killed leave the port within this."""


async def run_cell(
    settings: Settings,
    *,
    ready_file: Path | None,
    announce: Announce,
    stop: asyncio.Event | None = None,
) -> None:
    """Run a cell until SIGTERM, SIGINT, SIGHUP or ``stop``.

    ``announce`` is told when it answers.

    Raises:
        AlreadyRunning, SettingsWrong: nothing was started.
        DatabaseWontStart, Outage: what was started has been stopped again.
    """
    folder = CellFolder(settings.data)
    folder.make()
    with OnlySupervisor(folder):
        keep_journal(folder.logs, "up")
        allow_many_files()
        was_killed = folder.running.exists()
        forget(folder.running, ready_file)
        stop = stop or asyncio.Event()
        _stop_on_signals(stop)
        with await bind(settings, patience_s=LEAVE_WITHIN_S if was_killed else 0) as listener:
            async with database_of(settings) as database:
                if not await _prepare_in_time(folder, settings, database, stop):
                    return
                cell = Cell(folder, settings, database, listener)
                async with Releasing(folder, database, cell):
                    await cell.run(stop, ready_file=ready_file, announce=announce)


async def _prepare_in_time(
    folder: CellFolder, settings: Settings, database: Database, stop: asyncio.Event
) -> bool:
    """False if we were told to stop while the operator's database did not answer yet."""
    act = partial(prepare, folder, settings, database)
    within_s = 0 if database.is_ours else ROUTE_WITHIN_S
    return await when_it_answers(act, stop=stop, within_s=within_s)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
