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
import logging
import os
import signal
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from kaipiao.app.audit import note_start
from kaipiao.app.audit_log import open_audit_key
from kaipiao.app.child import Child
from kaipiao.app.clock import SystemClock
from kaipiao.app.crowd import make_crowd_file
from kaipiao.app.database import Database, database_of
from kaipiao.app.first_key import ensure_first_key
from kaipiao.app.folder import CellFolder, OnlySupervisor, Running, write_whole
from kaipiao.app.journal import keep_journal
from kaipiao.app.last_words import Held, allow_many_files
from kaipiao.app.listener import bind
from kaipiao.app.log_keys import key_changes, open_log_keys
from kaipiao.app.orders import Orders, encode_orders
from kaipiao.app.outward import networks_of, relay_of, roster_of
from kaipiao.app.probe import until_it_works
from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.app.stand_in import StandIn
from kaipiao.app.witnessing import check_witnessing
from kaipiao.base.sm import SmBroken
from kaipiao.delivery.sending.secret import KEY_NAME as DELIVERY_KEY
from kaipiao.delivery.sending.secret import open_delivery_key
from kaipiao.errors import Outage
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store
from kaipiao.seal.document_key import DOCUMENT_KEY_NAME, open_document_key
from kaipiao.seal.local import KEY_NAME, open_seal
from kaipiao.seal.roster import has_roster

WORKER_STOP_S = 1.5
WORK_STOP_S = 1.0
"""Together with the database's own second these make a stop of less than five."""

OPEN_WITHIN_S = 60.0
"""A cell that answers nothing for so long will not: better to say so than to go on trying."""

LEAVE_WITHIN_S = 5.0
"""Workers of a supervisor that was killed leave the port within this."""

log = logging.getLogger(__name__)

Announce = Callable[[Running], None]


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
                await prepare(folder, settings, database)
                cell = Cell(folder, settings, database, listener)
                await cell.run(stop, ready_file=ready_file, announce=announce)


def forget(*told: Path | None) -> None:
    """Take back what says that the cell runs; one that was killed could not do it itself."""
    for path in told:
        if path:
            path.unlink(missing_ok=True)


async def prepare(folder: CellFolder, settings: Settings, database: Database) -> None:
    """Bring tables up to date; make whatever keys are missing: of the log, the seal, deliveries,
    and the first API key.
    """
    await migrate(database.owner)
    clock = SystemClock()
    _open_log_keys(folder, settings, now=clock.now())
    _open_keys(folder.secrets, settings.log_origin, now=clock.now())
    _open_audit_key(folder, settings)
    networks_of(settings)
    relay_of(settings, folder.secrets)
    roster_of(settings)
    store = await Store.open(
        database.app, clock=clock, area=settings.area, channel=settings.channel
    )
    try:
        await note_start(store.audit, settings, clock)
        await ensure_first_key(folder, store.directory, store.audit, clock)
    finally:
        await store.close()


def _open_log_keys(folder: CellFolder, settings: Settings, *, now: datetime) -> None:
    """Raises SettingsWrong: a key there cannot be used, or SM2 is wanted and answers wrongly, or
    the witness policy is about other logs.
    """
    try:
        key = open_log_keys(folder, settings, now=now).newest.key
    except ValueError as error:
        origin = settings.log_origin
        raise SettingsWrong("log_origin", origin, zh=str(error), en=str(error)) from None
    except SmBroken as broken:
        labels = settings.log_signatures
        raise SettingsWrong("log_signatures", labels, zh=str(broken), en=str(broken)) from None
    check_witnessing(settings, key)


def _open_keys(secrets: Path, log_origin: str, *, now: datetime) -> None:
    """Raises SettingsWrong: a key there cannot be used."""
    try:
        open_delivery_key(secrets)
    except ValueError as error:
        raise SettingsWrong("secrets", DELIVERY_KEY, zh=str(error), en=str(error)) from None
    try:
        open_seal(secrets, log_origin, now=now)
    except ValueError as error:
        source = str(secrets / KEY_NAME)
        raise SettingsWrong("seal", source, zh=str(error), en=str(error)) from None
    try:
        open_document_key(secrets, log_origin, now=now)
    except ValueError as error:
        source = str(secrets / DOCUMENT_KEY_NAME)
        raise SettingsWrong("documents", source, zh=str(error), en=str(error)) from None


def _open_audit_key(folder: CellFolder, settings: Settings) -> None:
    """Raises SettingsWrong: the key there cannot be used."""
    try:
        open_audit_key(folder, settings)
    except ValueError as error:
        origin = settings.log_origin
        raise SettingsWrong("log_origin", origin, zh=str(error), en=str(error)) from None


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)


class Cell:
    """The children of one supervisor, and what is known about them."""

    def __init__(
        self, folder: CellFolder, settings: Settings, database: Database, listener: socket.socket
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._database = database
        self._listener = listener
        self._stand_in = StandIn(listener)
        self._alive: set[Child] = set()
        self._held: list[Held] = []
        self._crowd = make_crowd_file()
        self._workers = [self._worker(place) for place in range(settings.worker_count)]
        work = encode_orders(Orders(settings=settings, dsn=database.app, name="work"))
        self._work = Child("work", "kaipiao.app.work", work, changed=lambda *_: None)
        self._couriers = [self._courier(place) for place in range(settings.deliverers)]
        sealers = settings.sealers if has_roster(folder.path) else 0
        self._sealers = [self._sealer(place) for place in range(sealers)]

    async def run(
        self, stop: asyncio.Event, *, ready_file: Path | None, announce: Announce
    ) -> None:
        """Keep all children alive until ``stop``; then stop them in their order."""
        await self._stand_in.go_on_duty()
        tasks = [asyncio.create_task(child.run()) for child in self._children]
        opening = asyncio.create_task(self._open(ready_file, announce))
        renewing = asyncio.create_task(self._renew_with_keys())
        try:
            await _first(stop, opening)
            await stop.wait()
        finally:
            opening.cancel()
            renewing.cancel()
            await self._close(ready_file)
            await asyncio.gather(*tasks)

    async def _open(self, ready_file: Path | None, announce: Announce) -> None:
        """Once a request really succeeds, say so: in the folder, in the ready file, aloud."""
        running = self._running()
        try:
            await asyncio.wait_for(until_it_works(running), OPEN_WITHIN_S)
        except TimeoutError:
            raise Outage(f"serve (see {self._folder.logs})") from None
        dsn = self._database.app if self._database.is_ours else ""
        inside = msgspec.structs.replace(running, dsn=dsn)
        write_whole(self._folder.running, msgspec.json.encode(inside))
        if ready_file:
            write_whole(ready_file, msgspec.json.encode(running) + b"\n", mode=0o644)
        announce(running)

    async def _close(self, ready_file: Path | None) -> None:
        forget(self._folder.running, ready_file)
        await self._stand_in.go_on_duty()
        await asyncio.gather(*(worker.stop(WORKER_STOP_S) for worker in self._workers))
        last = (self._work, *self._couriers, *self._sealers)
        await asyncio.gather(
            *(child.stop(WORK_STOP_S) for child in last), *(held.close() for held in self._held)
        )
        self._stand_in.go_off_duty()

    async def _renew_with_keys(self) -> None:
        """Whenever the log has a new origin, start our processes again: who writes it first, then
        one server after another, so that someone always answers.
        """
        async for _ in key_changes(self._folder):
            for child in self._children:
                await child.renew(WORKER_STOP_S)

    @property
    def _children(self) -> list[Child]:
        return [self._work, *self._workers, *self._couriers, *self._sealers]

    def _running(self) -> Running:
        host, port = self._listener.getsockname()[:2]
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  read, not bound
        return Running(
            url=f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}",
            key_file=str(self._folder.first_key),
            pid=os.getpid(),
            data=str(self._folder.path),
        )

    def _courier(self, place: int) -> Child:
        name = f"deliver-{place}"
        orders = Orders(settings=self._settings, dsn=self._database.app, name=name)
        return Child(name, "kaipiao.app.deliver", encode_orders(orders), changed=lambda *_: None)

    def _sealer(self, place: int) -> Child:
        name = f"seal-{place}"
        orders = Orders(settings=self._settings, dsn=self._database.app, name=name)
        return Child(name, "kaipiao.app.seal", encode_orders(orders), changed=lambda *_: None)

    def _worker(self, place: int) -> Child:
        held = Held()
        orders = Orders(
            settings=self._settings,
            dsn=self._database.app,
            name=f"serve-{place}",
            place=place,
            listener=self._listener.fileno(),
            crowd=self._crowd.fileno(),
            channel=held.channel,
            memory=held.memory,
        )
        keep = (orders.listener, orders.crowd, orders.channel, orders.memory)

        def changed(worker: Child, is_ready: bool) -> None:
            self._worker_changed(worker, held, is_ready)

        self._held.append(held)
        return Child(
            orders.name, "kaipiao.app.serve", encode_orders(orders), keep=keep, changed=changed
        )

    def _worker_changed(self, worker: Child, held: Held, is_ready: bool) -> None:
        if is_ready:
            self._alive.add(worker)
            self._stand_in.go_off_duty()
            return
        self._alive.discard(worker)
        held.speak()
        if not self._alive:
            self._duty = asyncio.create_task(self._stand_in.go_on_duty())


async def _first(stop: asyncio.Event, opening: "asyncio.Task[None]") -> None:
    """Wait for either; what goes wrong while opening is raised here."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopping, opening}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if opening in done:
        opening.result()
