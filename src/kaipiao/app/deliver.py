"""``deliver``: sends webhooks and mail, and issues uploaded files.

Any number of these run, here and on other machines; they meet in the database only.  While none
runs, deliveries and imports wait, and invoices are issued.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kaipiao.app.clock import SystemClock
from kaipiao.app.courtesy import BACKGROUND, step_back
from kaipiao.app.folder import CellFolder
from kaipiao.app.imports import run_imports
from kaipiao.app.journal import keep_journal
from kaipiao.app.orders import Orders, receive_orders, say_ready
from kaipiao.app.outward import networks_of, relay_of
from kaipiao.app.patience import open_store
from kaipiao.app.render import open_workshop
from kaipiao.app.wiring import compose_renditions
from kaipiao.app.worker_name import compose_name
from kaipiao.delivery.sending.courier import Courier
from kaipiao.delivery.sending.dial import Pools
from kaipiao.delivery.sending.mail import MailSender
from kaipiao.delivery.sending.secret import open_delivery_key
from kaipiao.delivery.sending.webhook import WebhookSender
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock


async def deliver(orders: Orders, *, tell: bool = True) -> None:
    """Send until SIGTERM; what is not finished then is taken over by whoever still runs.

    ``tell``: there is a supervisor to be told that we are ready.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    store = await open_store(orders, clock)
    try:
        async with open_courier(orders, store, clock) as courier:
            if tell:
                say_ready()
            importing = run_imports(
                store,
                clock,
                worker=compose_name(),
                keep_days=orders.settings.import_days,
                stop=stop,
            )
            await asyncio.gather(courier.run(stop), importing)
    finally:
        await store.close()


@asynccontextmanager
async def open_courier(orders: Orders, store: Store, clock: Clock) -> AsyncIterator[Courier]:
    folder, settings = CellFolder(orders.settings.data), orders.settings
    key = open_delivery_key(folder.secrets)
    workshop = open_workshop(folder.secrets)
    renditions = compose_renditions(settings, folder, workshop)
    async with Pools(networks_of(settings)) as pools:
        mail = MailSender(
            relay_of(settings, folder.secrets),
            find=store.ledger.read,
            enclose=renditions.make,
            clock=clock,
        )
        webhook = WebhookSender(pools, key=key, clock=clock)
        try:
            yield Courier(compose_name(), store.deliveries, {"mail": mail, "webhook": webhook})
        finally:
            workshop.close()


def main() -> None:
    orders = receive_orders()
    step_back(BACKGROUND)
    keep_journal(CellFolder(orders.settings.data).logs, orders.name)
    asyncio.run(deliver(orders))


if __name__ == "__main__":
    main()
