"""The processes of one cell: made, kept, and swapped for those of another release.

All run ``program``, ours, until ``use`` puts another release's in their places.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import IO

from kaipiao.app.child import Child, NotReady
from kaipiao.app.crowd import make_crowd_file
from kaipiao.app.folder import CellFolder
from kaipiao.app.last_words import Held
from kaipiao.app.orders import Orders, encode_orders
from kaipiao.app.settings import Settings
from kaipiao.seal.roster import has_roster

WORKER_STOP_S = 1.5
WORK_STOP_S = 1.0
"""Together with the database's own second these make a stop of less than five."""

DRAIN_S = 15.0
"""A server that is followed by another waits so long for each caller to ask once more."""

READY_WITHIN_S = 40.0
"""A process of another release that is not ready by then is not waited for."""

Changed = Callable[[Child, bool], None]


class Crew:
    """``changed`` is told whenever a server that callers can reach becomes ready, or is gone."""

    def __init__(
        self,
        folder: CellFolder,
        settings: Settings,
        *,
        dsn: str,
        listener: socket.socket,
        changed: Changed,
    ) -> None:
        self._settings = settings
        self._dsn = dsn
        self._listener = listener
        self._changed = changed
        self._program = sys.executable
        self._is_closing = False
        self._changing = asyncio.Lock()
        """One change of places at a time: new keys may come while another release does."""
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

    def __iter__(self) -> Iterator[Child]:
        work, *others = self._behind
        return iter([work, *self._workers, *others])

    @property
    def deaths(self) -> int:
        """How often one of them, as they are now, had to be started again."""
        return sum(child.deaths for child in self)

    def start(self) -> None:
        self._tasks = {child: asyncio.create_task(child.run()) for child in self}

    async def stop(self) -> None:
        """Servers finish what they are doing; then those behind them."""
        self._is_closing = True
        servers = [child for child in self._tasks if child not in self._behind]
        await asyncio.gather(*(server.stop(WORKER_STOP_S) for server in servers))
        await asyncio.gather(
            *(child.stop(WORK_STOP_S) for child in self._behind),
            *(held.close() for held in self._held.values()),
        )

    async def ended(self) -> None:
        """Wait for the last of them.  Raises whatever ended one that should have lived."""
        await asyncio.gather(*self._tasks.values())

    async def use(self, program: str, *, anyway: bool = False) -> None:
        """Put children of ``program`` where others are: each server beside the one it follows,
        which then finishes what it is doing; those behind one after another.

        ``anyway``: one that is not ready in time is kept and started again for ever, as ours are.

        Raises:
            NotReady: one was not; so some places have the new program and some the old.
        """
        async with self._changing:
            await self._use(program, anyway=anyway)

    async def _use(self, program: str, *, anyway: bool) -> None:
        self._program = program
        await self._follow(lambda old: old.program != program, anyway=anyway)
        for place, old in enumerate(self._behind):
            if old.program != program:
                await self._retire(old, WORK_STOP_S)  # first: the log has one writer
                module = old.name.partition("-")[0]
                self._behind[place] = self._one_behind(module, old.name)
                await self._begin(self._behind[place], anyway=anyway)

    async def renew(self) -> None:
        """Start all anew, for the log has new keys: who writes it first, then each server beside
        the one it follows, so that someone always answers.  Raises NotReady: we close meanwhile.
        """
        async with self._changing:
            work, *others = self._behind
            await work.renew(WORK_STOP_S)
            await self._follow(lambda _: True, anyway=True)
            for child in others:
                await child.renew(WORK_STOP_S)

    @asynccontextmanager
    async def trying(self, program: str) -> AsyncIterator[socket.socket]:
        """A server of ``program`` on a socket that nobody else knows, while the block runs.

        Raises:
            NotReady: it did not start.
        """
        former, self._program = self._program, program
        with socket.create_server(("127.0.0.1", 0)) as listener, make_crowd_file() as crowd:
            listener.setblocking(False)
            trial = self._worker(0, listener=listener, crowd=crowd, name="serve-trial")
            self._program = former
            await self._begin(trial)
            try:
                yield listener
            finally:
                await self._retire(trial, WORKER_STOP_S)

    async def _follow(self, goes: Callable[[Child], bool], *, anyway: bool) -> None:
        """Each server that ``goes`` is followed by another.  Raises NotReady, as ``use``."""
        leaving: list[asyncio.Task[None]] = []
        try:
            for place, old in enumerate(self._workers):
                if goes(old):
                    self._workers[place] = await self._begin(self._worker(place), anyway=anyway)
                    leaving.append(asyncio.create_task(self._let_go(old)))
        finally:
            await asyncio.gather(*leaving)

    async def _begin(self, child: Child, *, anyway: bool = False) -> Child:
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

    async def _let_go(self, server: Child) -> None:
        """Its callers go over to those who follow it."""
        await server.leave(DRAIN_S)
        await self._retire(server, WORKER_STOP_S)

    async def _retire(self, child: Child, patience_s: float) -> None:
        await child.stop(patience_s)
        await self._tasks.pop(child)
        if held := self._held.pop(child, None):
            await held.close()

    def _one_behind(self, module: str, name: str) -> Child:
        """``work``, a courier or a sealer: nobody calls them."""
        orders = encode_orders(Orders(settings=self._settings, dsn=self._dsn, name=name))
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
            dsn=self._dsn,
            name=name or f"serve-{place}",
            place=place,
            listener=(listener or self._listener).fileno(),
            crowd=(crowd or self._crowd).fileno(),
            channel=held.channel,
            memory=held.memory,
        )
        keep = (orders.listener, orders.crowd, orders.channel, orders.memory)

        def changed(worker: Child, is_ready: bool) -> None:
            if not is_ready:
                held.speak()
            if listener is None:
                self._changed(worker, is_ready)

        child = Child(
            *(orders.name, "kaipiao.app.serve", encode_orders(orders)),
            keep=keep,
            changed=changed,
            program=self._program,
        )
        self._held[child] = held
        return child
