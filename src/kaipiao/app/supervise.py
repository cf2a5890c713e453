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
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from kaipiao.app.audit import note_start
from kaipiao.app.audit_log import open_audit_key
from kaipiao.app.child import Child, NotReady
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
from kaipiao.app.patience import ROUTE_WITHIN_S, when_it_answers
from kaipiao.app.probe import until_it_works
from kaipiao.app.releasing import Releasing, is_open
from kaipiao.app.settings import Settings, SettingsWrong
from kaipiao.app.stand_in import StandIn
from kaipiao.app.stranger import check_no_stranger
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

READY_WITHIN_S = 20.0
"""A process of another release that is not ready by then is not waited for."""

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
                if not await _prepare_in_time(folder, settings, database, stop):
                    return
                cell = Cell(folder, settings, database, listener)
                async with Releasing(folder, settings, database, cell):
                    await cell.run(stop, ready_file=ready_file, announce=announce)


def forget(*told: Path | None) -> None:
    """Take back what says that the cell runs; one that was killed could not do it itself."""
    for path in told:
        if path:
            path.unlink(missing_ok=True)


async def _prepare_in_time(
    folder: CellFolder, settings: Settings, database: Database, stop: asyncio.Event
) -> bool:
    """False if we were told to stop while the operator's database did not answer yet."""
    act = partial(prepare, folder, settings, database)
    within_s = 0 if database.is_ours else ROUTE_WITHIN_S
    return await when_it_answers(act, stop=stop, within_s=within_s)


async def prepare(folder: CellFolder, settings: Settings, database: Database) -> None:
    """Bring tables up to date; make whatever keys are missing: of the log, the seal, deliveries,
    and the first API key.
    """
    await migrate(database.owner, until="pre" if is_open(folder) else "post")
    await check_no_stranger(folder, settings, database)
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
    """The children of one supervisor, and what is known about them.

    All run ``program``, ours, until ``use`` puts another release's in their places.
    """

    def __init__(
        self, folder: CellFolder, settings: Settings, database: Database, listener: socket.socket
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._database = database
        self._listener = listener
        self._stand_in = StandIn(listener)
        self._alive: set[Child] = set()
        self._program = sys.executable
        self._is_closing = False
        self._tasks: dict[Child, asyncio.Task[None]] = {}
        self._held: dict[Child, Held] = {}
        self._crowd = make_crowd_file()
        self._workers = [self._worker(place) for place in range(settings.worker_count)]
        sealers = settings.sealers if has_roster(folder.path) else 0
        self._behind = [
            self._one_behind("work", "work"),
            *(self._one_behind("deliver", f"deliver-{n}") for n in range(settings.deliverers)),
            *(self._one_behind("seal", f"seal-{n}") for n in range(sealers)),
            *(self._one_behind("backups", "backups") for _ in range(settings.backup_keepers)),
        ]

    async def run(
        self, stop: asyncio.Event, *, ready_file: Path | None, announce: Announce
    ) -> None:
        """Keep all children alive until ``stop``; then stop them in their order."""
        await self._stand_in.go_on_duty()
        self._tasks = {child: asyncio.create_task(child.run()) for child in self._children}
        opening = asyncio.create_task(self._open(ready_file, announce))
        renewing = asyncio.create_task(self._renew_with_keys())
        try:
            await _first(stop, opening)
            await stop.wait()
        finally:
            opening.cancel()
            renewing.cancel()
            await self._close(ready_file)
            await asyncio.gather(*self._tasks.values())

    async def _open(self, ready_file: Path | None, announce: Announce) -> None:
        """Once a request really succeeds, say so: in the folder, in the ready file, aloud."""
        running = self.running()
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
        self._is_closing = True
        forget(self._folder.running, ready_file)
        await self._stand_in.go_on_duty()
        servers = [child for child in self._tasks if child not in self._behind]
        await asyncio.gather(*(server.stop(WORKER_STOP_S) for server in servers))
        await asyncio.gather(
            *(child.stop(WORK_STOP_S) for child in self._behind),
            *(held.close() for held in self._held.values()),
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
        work, *others = self._behind
        return [work, *self._workers, *others]

    @property
    def deaths(self) -> int:
        """How often one of our children, as they are now, had to be started again."""
        return sum(child.deaths for child in self._children)

    async def use(self, program: str, *, anyway: bool = False) -> None:
        """Put children of ``program`` where others are: each server beside the one it follows,
        which then finishes what it is doing; those behind one after another.

        ``anyway``: one that is not ready in time is kept and started again for ever, as ours are.

        Raises:
            NotReady: one was not; so some places have the new program and some the old.
        """
        self._program = program
        for place, old in enumerate(self._workers):
            if old.program != program:
                new = await self._start(self._worker(place), anyway=anyway)
                self._workers[place] = new
                await self._retire(old, WORKER_STOP_S)
        for place, old in enumerate(self._behind):
            if old.program != program:
                await self._retire(old, WORK_STOP_S)  # first: the log has one writer
                module = old.name.partition("-")[0]
                self._behind[place] = self._one_behind(module, old.name)
                await self._start(self._behind[place], anyway=anyway)

    async def try_out(self, program: str, judge: Callable[[Running], Awaitable[None]]) -> None:
        """Let ``judge`` ask a server of ``program`` that nobody else can reach; then it ends.

        Raises:
            NotReady: it did not start; and whatever ``judge`` does.
        """
        former, self._program = self._program, program
        with socket.create_server(("127.0.0.1", 0)) as listener, make_crowd_file() as crowd:
            listener.setblocking(False)
            trial = self._worker(0, listener=listener, crowd=crowd, name="serve-trial")
            self._program = former
            await self._start(trial)
            try:
                await judge(self.running(listener))
            finally:
                await self._retire(trial, WORKER_STOP_S)

    async def _start(self, child: Child, *, anyway: bool = False) -> Child:
        """Raises NotReady: it was not, or we close meanwhile; it is gone again."""
        task = self._tasks[child] = asyncio.create_task(child.run())
        ready = asyncio.create_task(child.is_ready_within(READY_WITHIN_S))
        try:
            if not self._is_closing:
                await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
            is_ready = ready.done() and (anyway or ready.result()) and not self._is_closing
        except asyncio.CancelledError:
            await self._retire(child, 0)
            raise
        finally:
            ready.cancel()
        if not is_ready:
            await self._retire(child, 0)
            raise NotReady(child.name)
        return child

    async def _retire(self, child: Child, patience_s: float) -> None:
        await child.stop(patience_s)
        await self._tasks.pop(child)
        if held := self._held.pop(child, None):
            await held.close()

    def running(self, listener: socket.socket | None = None) -> Running:
        """Where we answer, or where another listener of ours does."""
        host, port = (listener or self._listener).getsockname()[:2]
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  read, not bound
        return Running(
            url=f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}",
            key_file=str(self._folder.first_key),
            pid=os.getpid(),
            data=str(self._folder.path),
        )

    def _one_behind(self, module: str, name: str) -> Child:
        """``work``, a courier or a sealer: nobody calls them."""
        orders = encode_orders(Orders(settings=self._settings, dsn=self._database.app, name=name))
        return Child(
            *(name, f"kaipiao.app.{module}", orders),
            changed=lambda *_: None,
            program=self._program,
        )

    def _worker(
        self,
        place: int,
        *,
        listener: socket.socket | None = None,
        crowd: IO[bytes] | None = None,
        name: str = "",
    ) -> Child:
        held = Held()
        orders = Orders(
            settings=self._settings,
            dsn=self._database.app,
            name=name or f"serve-{place}",
            place=place,
            listener=(listener or self._listener).fileno(),
            crowd=(crowd or self._crowd).fileno(),
            channel=held.channel,
            memory=held.memory,
        )
        keep = (orders.listener, orders.crowd, orders.channel, orders.memory)

        def changed(worker: Child, is_ready: bool) -> None:
            self._worker_changed(worker, held, is_ready, is_public=listener is None)

        child = Child(
            *(orders.name, "kaipiao.app.serve", encode_orders(orders)),
            keep=keep,
            changed=changed,
            program=self._program,
        )
        self._held[child] = held
        return child

    def _worker_changed(
        self, worker: Child, held: Held, is_ready: bool, *, is_public: bool
    ) -> None:
        if is_ready and is_public:
            self._alive.add(worker)
            self._stand_in.go_off_duty()
        if is_ready:
            return
        self._alive.discard(worker)
        held.speak()
        if is_public and not self._alive:
            self._duty = asyncio.create_task(self._stand_in.go_on_duty())


async def _first(stop: asyncio.Event, opening: "asyncio.Task[None]") -> None:
    """Wait for either; what goes wrong while opening is raised here."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopping, opening}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if opening in done:
        opening.result()
