"""``work``: what a cell does beside answering: the evidence log, the audit log and the clocks.

One process, because one writer owns the log.  Nothing here stands in the issuing path: while
it is down, invoices are issued and their proofs wait.

Of several members on one database one leads: it gives leaves their places, agrees upon trees, shows
them to witnesses and keeps the clocks.  The others make the same log in folders of their own, and
are ready to lead (ADR-0023).
"""

import asyncio
import logging
import signal
from contextlib import suppress
from datetime import datetime

from kaipiao.app.audit import keep_audit
from kaipiao.app.audit_log import compose_audit_writer, watched_audit_log
from kaipiao.app.beat import BEAT_EVERY_S, beat
from kaipiao.app.clock import SystemClock
from kaipiao.app.courtesy import LOG, step_back
from kaipiao.app.erasing import compose_erasing, keep_erasing
from kaipiao.app.folder import CellFolder
from kaipiao.app.journal import keep_journal
from kaipiao.app.leading import leading_of
from kaipiao.app.log_keys import open_log_keys
from kaipiao.app.orders import Orders, receive_orders, say_ready
from kaipiao.app.patience import open_store
from kaipiao.app.witnessing import WitnessedLog, Witnessing, witnessing_of
from kaipiao.errors import Outage
from kaipiao.evidence.cosigning.memory import MemoryFile
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.recovery import LogBroken
from kaipiao.evidence.run import Leads, is_sole, run_log
from kaipiao.evidence.signing.publication import publish_keys
from kaipiao.evidence.writer import LogWriter, Overtaken
from kaipiao.fiscal.month import next_month, tax_month
from kaipiao.ledger.store import Store
from kaipiao.ports import Clock

CLOCKS_EVERY_S = 20.0
"""Lapsing and opening are written down this often; reading never waits for it."""

log = logging.getLogger(__name__)


async def work(orders: Orders) -> None:
    """Write the log and keep the clocks until SIGTERM; then publish what is committed."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings, clock = orders.settings, SystemClock()
    store = await open_store(orders, clock)
    try:
        folder = CellFolder(settings.data)
        async with (
            witnessing_of(settings, watched_log(orders, store, clock), clock) as witnessing,
            witnessing_of(settings, watched_audit_log(settings, store), clock) as of_audit,
            leading_of(orders) as leads,
            asyncio.TaskGroup() as beside,  # one that fails ends us: we are started again
        ):
            writer = compose_writer(orders, store, clock, witnessing)
            audit_writer = compose_audit_writer(settings, store, clock, of_audit)
            for one in filter(None, (witnessing, of_audit)):
                beside.create_task(one.run(stop, leads))
            beside.create_task(keep_clocks(store, clock, stop, leads))
            beside.create_task(keep_beating(folder, stop, leads))
            beside.create_task(keep_erasing(compose_erasing(store, folder, clock), stop))
            beside.create_task(
                keep_audit(store.audit, clock, stop, days=settings.audit_days, leads=leads)
            )
            beside.create_task(write_audit_log(audit_writer, stop, leads))
            beside.create_task(publish_about_keys(orders, store, clock))
            say_ready()
            await write_log(writer, stop, leads)
    finally:
        await store.close()


def compose_writer(
    orders: Orders, store: Store, clock: Clock, witnessing: Witnessing | None = None
) -> LogWriter:
    """Raises ValueError, SmBroken: the keys cannot be used."""
    folder, now = CellFolder(orders.settings.data), clock.now()
    keyring = open_log_keys(folder, orders.settings, now=now)
    signer, *more = keyring.signers()
    return LogWriter(
        order=store.order,
        heads=store.heads,
        disk=LocalDisk(folder.evidence),
        signer=signer,
        more_signers=more,
        former=keyring.former(now),
        log=keyring.log,
        clock=clock,
        before_signing=witnessing.first if witnessing else None,
    )


def watched_log(orders: Orders, store: Store, clock: Clock) -> WitnessedLog:
    """The invoices' log, under its newest origin, as witnesses are shown it."""
    folder = CellFolder(orders.settings.data)
    signer = open_log_keys(folder, orders.settings, now=clock.now()).signers()[0]
    memory = MemoryFile(folder.witnesses)
    return WitnessedLog(folder.evidence, signer, store.order, memory, store.notes)


async def publish_about_keys(orders: Orders, store: Store, clock: Clock) -> None:
    """Put keys, periods and announcements beside the log; they change only while we are away."""
    folder = CellFolder(orders.settings.data)
    keyring = open_log_keys(folder, orders.settings, now=clock.now())
    while True:
        try:
            announced = await store.announcements.all()
            return await asyncio.to_thread(
                publish_keys, folder.evidence, keyring.periods, announced
            )
        except (Outage, OSError) as error:
            log.warning("what is known of the keys waits to be published: %r", error)
            await asyncio.sleep(CLOCKS_EVERY_S)


async def write_log(writer: LogWriter, stop: asyncio.Event, leads: Leads = is_sole) -> None:
    """Publish until told to stop; then whatever was committed before, if the ledger answers."""
    await run_log(writer, stop=stop, leads=leads)
    try:
        with writer:
            while leads() and await writer.advance():
                pass
    except (Outage, OSError, Overtaken) as error:
        log.warning("the last checkpoint has to wait for the next start: %r", error)


async def write_audit_log(writer: LogWriter, stop: asyncio.Event, leads: Leads = is_sole) -> None:
    """The same for the audit log.  If it is broken nothing more of it is published, and the
    invoices' log goes on: one is no reason to stop the other.
    """
    try:
        await write_log(writer, stop, leads)
    except LogBroken as broken:
        log.error("the audit log is not published any more: %s", broken)


async def keep_clocks(
    store: Store, clock: Clock, stop: asyncio.Event, leads: Leads = is_sole
) -> None:
    """While we lead: lapse forms whose time has passed; open this month's credit lines, and the
    next one's.
    """
    while not stop.is_set():
        try:
            if leads():
                await _turn_clocks(store, clock.now())
        except Outage as error:
            log.warning("the clocks wait for the ledger: %r", error)
        await _pause(stop, CLOCKS_EVERY_S)


async def _turn_clocks(store: Store, now: datetime) -> None:
    await store.confirmations.lapse(now)
    await store.credit.roll(tax_month(now))
    await store.credit.roll(next_month(tax_month(now)))


async def keep_beating(folder: CellFolder, stop: asyncio.Event, leads: Leads = is_sole) -> None:
    """Say that we are alive, for status pages, and whether we lead, for releases."""
    while not stop.is_set():
        beat(folder, leads=leads())
        await _pause(stop, BEAT_EVERY_S)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def main() -> None:
    orders = receive_orders()
    step_back(LOG)
    keep_journal(CellFolder(orders.settings.data).logs, orders.name)
    asyncio.run(work(orders))


if __name__ == "__main__":
    main()
