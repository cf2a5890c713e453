"""Wiring for erasing: the use case, for servers and for ``kaipiao erase``; and its clocks.

What was noted and not finished, because somebody died or something did not answer, is finished by
``work``; and servers forget the receipts that they remember of erased invoices.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from kaipiao.app.archive import NotTheCellsUser, owner_dsn_of
from kaipiao.app.folder import CellFolder
from kaipiao.app.settings import Settings
from kaipiao.delivery.renditions.cache import RenditionCache
from kaipiao.errors import Outage
from kaipiao.issuing.erase import Erasing
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock
from kaipiao.regimes.cn.retention import keep_until, may_erase

FINISH_EVERY_S = 20.0
FORGET_EVERY_S = 2.0
"""A server may remember the receipt of an erased invoice for so long."""

FORGET_SINCE = timedelta(minutes=5)

log = logging.getLogger(__name__)


def compose_erasing(store: Store, folder: CellFolder, clock: Clock) -> Erasing:
    cache = RenditionCache(folder.renditions, limit_bytes=0)
    return Erasing(
        erasures=store.erasures,
        ledger=store.ledger,
        clock=clock,
        may_erase=may_erase,
        keep_until=keep_until,
        drop=cache.drop,
    )


@asynccontextmanager
async def open_cell_erasing(
    settings: Settings, clock: Clock
) -> AsyncIterator[tuple[Store, Erasing]]:
    """For whoever runs the cell of this data folder.

    Raises:
        NotTheCellsUser: run as another user than the cell.
        Outage: it does not run, or its database does not answer.
    """
    folder = CellFolder(settings.data)
    if folder.path.stat().st_uid != os.geteuid():
        raise NotTheCellsUser
    store = await Store.open(
        owner_dsn_of(folder, settings),
        clock=clock,
        area=settings.area,
        channel=settings.channel,
        archive=folder.archive,
    )
    try:
        yield store, compose_erasing(store, folder, clock)
    finally:
        await store.close()


async def keep_erasing(erasing: Erasing, stop: asyncio.Event) -> None:
    """Finish what was noted, until told to stop."""
    while not stop.is_set():
        try:
            await erasing.finish_open()
        except Outage as error:
            log.warning("an erasure waits to be finished: %s", error)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), FINISH_EVERY_S)


async def keep_forgetting(store: Store, clock: Clock) -> None:
    """Forget the receipts of what was erased lately, for ever."""
    while True:
        with suppress(Outage):
            store.group.forget(await store.erasures.keys_since(clock.now() - FORGET_SINCE))
        await asyncio.sleep(FORGET_EVERY_S)
