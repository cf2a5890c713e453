"""The line between people and servers: any server may be asked, and any message may be lost.

A caller who hears nothing gives up; the server goes on with the work, unless it dies.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from kaipiao.errors import Outage, Refusal
from kaipiao.twin.cell import Desk, Server, World
from kaipiao.twin.faults import WAY_S

T = TypeVar("T")
Asked = Callable[[Desk], Coroutine[Any, Any, T]]

CALLER_PATIENCE_S = 5.0
FATES = ("lost", "doubled", "unheard")
"""Of all that happens to a message, what happens to a caller's; the rest is the servers' own."""


class Line:
    def __init__(self, world: World, servers: Sequence[Server]) -> None:
        self._world = world
        self._servers = servers

    async def call(self, what: str, asked: Asked[T]) -> T:
        """Ask some server; its answer, or the refusal it gave.

        Raises:
            Outage: no answer; whether it was done is unknown.
        """
        fate = self._world.weather.fate(self._world.rng)
        if fate in FATES:
            self._world.journal.note(f"line: {what} {fate}")
        await self._travel()
        if fate == "lost":
            raise Outage("line")
        if fate == "doubled":
            self._later(asked)
        answer = await self._wait(self._pick(), asked)
        if fate == "unheard":
            raise Outage("line")
        await self._travel()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _wait(self, server: Server, asked: Asked[T]) -> T | Refusal:
        if not server.is_up:
            raise Outage(server.name)
        task = server.spawn(asked(server.desk))
        await asyncio.wait([task], timeout=CALLER_PATIENCE_S)
        if not task.done() or task.cancelled():
            raise Outage(server.name)
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, Refusal):
            return error
        raise Outage(server.name) from error  # or a defect, of which the server has heard

    def _later(self, asked: Asked[T]) -> None:
        """The same once more, to whichever server: a caller's retry, or a proxy's."""
        delay_s = self._world.rng.expovariate(1 / (10 * WAY_S))
        asyncio.get_running_loop().call_later(delay_s, self._deliver, self._pick(), asked)

    def _deliver(self, server: Server, asked: Asked[T]) -> None:
        if server.is_up:
            server.spawn(asked(server.desk))

    def _pick(self) -> Server:
        return self._world.rng.choice(self._servers)

    async def _travel(self) -> None:
        await asyncio.sleep(self._world.rng.expovariate(1 / WAY_S))
