"""The wiring, on one page: which room is given what.

Nothing here decides anything.  Whoever wants to know what a part of the system can reach, and
hence what can break it, reads the arguments below.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version

from kaipiao.app.clock import SystemClock
from kaipiao.app.ending import Ending
from kaipiao.app.erasing import compose_erasing, keep_forgetting
from kaipiao.app.export import Exporter
from kaipiao.app.folder import CellFolder
from kaipiao.app.health import CellHealth
from kaipiao.app.journal import AccessFile
from kaipiao.app.orders import Orders
from kaipiao.app.outward import networks_of
from kaipiao.app.patience import open_store
from kaipiao.app.render import open_workshop
from kaipiao.app.settings import Settings
from kaipiao.delivery.readers.room import ReadingRoom
from kaipiao.delivery.renditions.cache import RenditionCache
from kaipiao.delivery.renditions.desk import Renditions
from kaipiao.delivery.renditions.source import Imprint
from kaipiao.delivery.renditions.workshop import Workshop
from kaipiao.delivery.sending.secret import open_delivery_key
from kaipiao.evidence.keys import VKEY_NAME
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.signing.keyring import read_periods
from kaipiao.gateway.orders import Outward
from kaipiao.gateway.wiring import Services
from kaipiao.issuing.confirm import Confirming
from kaipiao.issuing.issue import Issuing
from kaipiao.issuing.reverse import Reversing
from kaipiao.issuing.verify import Verifying
from kaipiao.ledger.store import Store
from kaipiao.regimes.cn.passage import passage_on
from kaipiao.regimes.cn.policy import confirm_within
from kaipiao.regimes.cn.rules import check, check_composed


@asynccontextmanager
async def open_services(orders: Orders, ending: Ending) -> AsyncIterator[Services]:
    """Everything behind the API of one process, open inside this block.
    Waits for the database.
    """
    folder, clock = CellFolder(orders.settings.data), SystemClock()
    store = await open_store(orders, clock)
    store.group.when_broken(partial(ending.ask, "nothing is committed any more"))
    workshop, reading_room = open_workshop(folder.secrets), ReadingRoom()
    forgetting = asyncio.create_task(keep_forgetting(store, clock))
    try:
        services = compose_services(orders, folder, store, clock, workshop)
        yield replace(services, cannot_go_on=ending.ask, reading_room=reading_room)
    finally:
        forgetting.cancel()
        workshop.close()
        await reading_room.close()
        await store.close()


def compose_services(
    orders: Orders, folder: CellFolder, store: Store, clock: SystemClock, workshop: Workshop
) -> Services:
    reversing = Reversing(
        ledger=store.ledger,
        uses=store.uses,
        confirmations=store.confirmations,
        clock=clock,
        law=check_composed,
    )
    return Services(
        issuing=Issuing(ledger=store.ledger, clock=clock, law=check, passage=passage_on),
        reversing=reversing,
        confirming=Confirming(
            reversing=reversing,
            uses=store.uses,
            confirmations=store.confirmations,
            clock=clock,
            answer_within=confirm_within,
        ),
        verifying=Verifying(
            ledger=store.ledger,
            counter=store.verify_counter,
            clock=clock,
            daily_limit=orders.settings.verify_limit,
        ),
        ledger=store.ledger,
        credit=store.credit,
        directory=store.directory,
        imports=store.imports,
        seals=store.seals,
        log_origin=orders.settings.log_origin,
        audit=store.audit,
        audit_folder=folder.audit,
        audit_vkey=(folder.audit_secrets / VKEY_NAME).read_text(encoding="utf-8").strip(),
        export=Exporter(orders),
        clock=clock,
        health=CellHealth(folder=folder, store=store, clock=clock).look,
        version=version("kaipiao"),
        note_access=AccessFile(folder.logs / f"{orders.name}.access.log").write,
        log_folder=folder.evidence,
        limits=orders.settings.limits,
        outward=compose_outward(orders.settings, folder, store),
        erasing=compose_erasing(store, folder, clock),
        renditions=compose_renditions(orders.settings, folder, workshop),
        log_vkey=(folder.secrets / VKEY_NAME).read_text(encoding="utf-8").strip(),
        former_vkeys=tuple(one.vkeys[0] for one in read_periods(folder.secrets)[:-1]),
    )


def compose_renditions(settings: Settings, folder: CellFolder, workshop: Workshop) -> Renditions:
    """Documents of this cell, for any of its processes that hands them out."""
    return Renditions(
        workshop=workshop,
        cache=RenditionCache(folder.renditions, limit_bytes=settings.rendition_cache_mb * 2**20),
        imprint=Imprint(platform=settings.platform, verify_url=settings.verify_url),
        receipt_of=PublishedLog(folder.evidence).receipt,
    )


def compose_outward(settings: Settings, folder: CellFolder, store: Store) -> Outward:
    """What the API needs to say what is sent where."""
    return Outward(
        deliveries=store.deliveries,
        orders=store.orders,
        links=store.links,
        key=open_delivery_key(folder.secrets),
        networks=networks_of(settings),
        has_relay=bool(settings.mail_host),
        public_url=settings.public_url,
    )
