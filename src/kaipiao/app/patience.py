"""A child that starts while the database is away waits for it, instead of dying of it."""

import asyncio
import logging

from kaipiao.app.folder import CellFolder
from kaipiao.app.orders import Orders
from kaipiao.errors import Outage
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock

PAUSE_S = 0.1

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
