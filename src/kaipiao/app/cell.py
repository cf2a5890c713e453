"""One cell while it runs: it answers, or someone says when; and whoever asks finds it."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from kaipiao.app.child import Child, NotReady
from kaipiao.app.crew import Crew
from kaipiao.app.database import Database
from kaipiao.app.folder import CellFolder, Running, write_whole
from kaipiao.app.log_keys import key_changes
from kaipiao.app.probe import until_it_works
from kaipiao.app.settings import Settings
from kaipiao.app.stand_in import StandIn
from kaipiao.errors import Outage

OPEN_WITHIN_S = 60.0
"""A cell that answers nothing for so long will not: better to say so than to go on trying."""

Announce = Callable[[Running], None]


class Cell:
    """The crew, the stand-in for it, and what is told of both."""

    def __init__(
        self, folder: CellFolder, settings: Settings, database: Database, listener: socket.socket
    ) -> None:
        self._folder = folder
        self._database = database
        self._listener = listener
        self._stand_in = StandIn(listener)
        self._alive: set[Child] = set()
        self._crew = Crew(
            folder, settings, dsn=database.app, listener=listener, changed=self._worker_changed
        )

    async def run(
        self, stop: asyncio.Event, *, ready_file: Path | None, announce: Announce
    ) -> None:
        """Keep all children alive until ``stop``; then stop them in their order."""
        await self._stand_in.go_on_duty()
        self._crew.start()
        opening = asyncio.create_task(self._open(ready_file, announce))
        renewing = asyncio.create_task(self._renew_with_keys())
        try:
            await _first(stop, opening)
            await stop.wait()
        finally:
            opening.cancel()
            renewing.cancel()
            await self._close(ready_file)
            await self._crew.ended()

    @property
    def deaths(self) -> int:
        """How often one of our children, as they are now, had to be started again."""
        return self._crew.deaths

    async def use(self, program: str, *, anyway: bool = False) -> None:
        """As ``Crew.use``."""
        await self._crew.use(program, anyway=anyway)

    async def try_out(self, program: str, judge: Callable[[Running], Awaitable[None]]) -> None:
        """Let ``judge`` ask a server of ``program`` that nobody else can reach; then it ends.

        Raises:
            NotReady: it did not start; and whatever ``judge`` does.
        """
        async with self._crew.trying(program) as listener:
            await judge(self.running(listener))

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
        forget(self._folder.running, ready_file)
        await self._stand_in.go_on_duty()
        await self._crew.stop()
        self._stand_in.go_off_duty()

    async def _renew_with_keys(self) -> None:
        """Whenever the log has a new origin, its processes begin anew."""
        with suppress(NotReady):  # we close meanwhile
            async for _ in key_changes(self._folder):
                await self._crew.renew()

    def _worker_changed(self, worker: Child, is_ready: bool) -> None:
        if is_ready:
            self._alive.add(worker)
            self._stand_in.go_off_duty()
            return
        self._alive.discard(worker)
        if not self._alive:
            self._duty = asyncio.create_task(self._stand_in.go_on_duty())


def forget(*told: Path | None) -> None:
    """Take back what says that the cell runs; one that was killed could not do it itself."""
    for path in told:
        if path:
            path.unlink(missing_ok=True)


async def _first(stop: asyncio.Event, opening: "asyncio.Task[None]") -> None:
    """Wait for either; what goes wrong while opening is raised here."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopping, opening}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if opening in done:
        opening.result()
