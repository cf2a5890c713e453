"""``seal``: has invoices sealed by vendors (签章), after they were issued.

Any number of these run, here and on other machines; they meet in the database only.  While none
runs, or every vendor is dead, seals wait, and invoices are issued.  A cell without
``vendors.json`` runs none.
"""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from kaipiao.app.clock import SystemClock
from kaipiao.app.courtesy import BACKGROUND, step_back
from kaipiao.app.folder import CellFolder
from kaipiao.app.journal import keep_journal
from kaipiao.app.orders import Orders, receive_orders, say_ready
from kaipiao.app.outward import roster_of
from kaipiao.app.patience import open_store
from kaipiao.app.settings import Settings
from kaipiao.app.worker_name import compose_name
from kaipiao.fiscal.seal import SealLot, compose_statement
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock
from kaipiao.seal.breaker import Policy
from kaipiao.seal.check import seal_key
from kaipiao.seal.ed25519 import open_ed25519
from kaipiao.seal.local import open_seal
from kaipiao.seal.remote import RemoteVendor
from kaipiao.seal.roster import Listed
from kaipiao.seal.sealing import Desk, Sealing
from kaipiao.seal.vendor import LocalVendor, Vendor


async def seal(orders: Orders, *, tell: bool = True) -> None:
    """Seal until SIGTERM; what is in hand then is given back."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    store = await open_store(orders, clock)
    try:
        async with open_sealing(orders.settings, store, clock) as sealing:
            if tell:
                say_ready()
            await sealing.run(stop)
    finally:
        await store.close()


@asynccontextmanager
async def open_sealing(settings: Settings, store: Store, clock: Clock) -> AsyncIterator[Sealing]:
    listed = roster_of(settings)
    async with AsyncExitStack() as opened:
        desks = []
        for one in listed:
            vendor = _open_vendor(settings, one, clock)
            if isinstance(vendor, RemoteVendor):
                await opened.enter_async_context(vendor)
            desks.append(Desk(vendor, one.plan, sealers=settings.sealers or 1, policy=Policy()))
        kinds = {one.plan.name: one.plan.kind for one in listed}
        await store.seals.meet([desk.vendor.key for desk in desks], kinds=kinds)
        yield compose_sealing(settings.log_origin, store, desks)


def compose_sealing(origin: str, store: Store, desks: Sequence[Desk]) -> Sealing:
    async def statements_of(lot: SealLot) -> list[bytes]:
        return [compose_statement(origin, one) for one in await store.seals.sealables(lot)]

    return Sealing(
        seals=store.seals, statements_of=statements_of, desks=desks, worker=compose_name()
    )


def _open_vendor(settings: Settings, listed: Listed, clock: Clock) -> Vendor:
    plan, reached, secrets = listed.plan, listed.reached, CellFolder(settings.data).secrets
    if reached is not None:
        return RemoteVendor(
            reached.url,
            reached.key,
            secret=reached.secret,
            at_once=plan.at_once,
            timeout_s=plan.timeout_ms / 1000,
            tls=_tls(reached.ca),
        )
    if plan.kind == "sm2":
        sm2 = open_seal(secrets, settings.log_origin, now=clock.now())
        return LocalVendor(seal_key(plan.name, sm2.certificate), sm2.sign)
    ed25519 = open_ed25519(secrets, settings.log_origin, now=clock.now())
    return LocalVendor(seal_key(plan.name, ed25519.certificate), ed25519.sign)


def _tls(ca: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca) if ca else None)


def main() -> None:
    orders = receive_orders()
    step_back(BACKGROUND)
    keep_journal(CellFolder(orders.settings.data).logs, orders.name)
    asyncio.run(seal(orders))


if __name__ == "__main__":
    main()
