"""Who starts while the database is away waits for it, instead of dying of it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from kaipiao.app.folder import CellFolder
from kaipiao.app.orders import Orders
from kaipiao.errors import Outage
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock

PAUSE_S = 0.1

ROUTE_WITHIN_S = 120.0
"""A cell that is started with others waits so long for the way to a primary: a cluster that comes
up from nothing has one within 15 s, a standby that must be copied first takes longer."""
SAY_EVERY_S = 5.0

log = logging.getLogger(__name__)


async def open_store(orders: Orders, clock: Clock) -> Store:
    """The cell's database, as soon as it answers."""
    settings = orders.settings
    said = False
    while True:
        try:
            return await Store.open(
                orders.dsn,
                clock=clock,
                area=settings.area,
                channel=settings.channel,
                archive=CellFolder(settings.data).archive,
            )
        except Outage as outage:
            if not said:
                log.warning("waiting for the database: %s", outage)
            said = True
        await asyncio.sleep(PAUSE_S)


async def when_it_answers(
    act: Callable[[], Awaitable[None]], *, stop: asyncio.Event, within_s: float
) -> bool:
    """Do what needs the database as soon as it answers; False if we were told to stop before.

    ``act`` is safe to repeat.  How long we have waited is said every ``SAY_EVERY_S``.

    Raises:
        Outage: nothing answered within ``within_s``.
    """
    acting = asyncio.create_task(_act_until(act, within_s))
    saying = asyncio.create_task(_say(within_s))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({acting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if acting.done():
            acting.result()
        return acting.done()
    finally:
        for task in (acting, saying, stopping):
            task.cancel()
        await asyncio.gather(acting, saying, stopping, return_exceptions=True)


async def _act_until(act: Callable[[], Awaitable[None]], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            return await act()
        except Outage as outage:
            if time.monotonic() > deadline:
                raise
            log.debug("not yet: %s", outage)
        await asyncio.sleep(PAUSE_S)


async def _say(within_s: float) -> None:
    started = time.monotonic()
    while True:
        await asyncio.sleep(SAY_EVERY_S)
        waited_s = time.monotonic() - started
        log.warning("waiting for the database since %.0f s (%.0f at most)", waited_s, within_s)
