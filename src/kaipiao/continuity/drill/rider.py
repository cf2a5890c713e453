"""Those who use our own client with its ordinary retry policy, and tell nobody how to retry.

For them a switch may cost time and not an error: what reaches them after the client's retries is
counted, and held against that promise.
"""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

import msgspec

from kaipiao.client.client import AsyncClient
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.continuity.drill.heard import Told
from kaipiao.continuity.drill.history import Ack
from kaipiao.continuity.drill.line import Door
from kaipiao.continuity.drill.sales import Sale
from kaipiao.fiscal.draft import Draft

if TYPE_CHECKING:
    from kaipiao.continuity.drill.callers import Callers

REST_S = 0.05
TRIES = 5
"""After an error that reached him he asks again by himself, so often; only the first is held
against the client, all of them are counted."""


class Rides(msgspec.Struct):
    """What clients went through: calls, errors after all their retries, the slowest answer."""

    calls: int = 0
    errors: list[str] = msgspec.field(default_factory=list)
    slowest_s: float = 0.0


class Rider:
    """One caller with a client of the product."""

    def __init__(
        self, crowd: "Callers", doors: Sequence[Door], token: str, name: str, rng: Random
    ) -> None:
        self._crowd = crowd
        self._urls = [f"http://{door.host}:{door.port}" for door in doors]
        self._token = token
        self._name = name
        self._rng = rng

    async def run(self) -> None:
        crowd, count = self._crowd, 0
        async with AsyncClient(self._urls, self._token) as cell:
            while crowd.open_:
                count += 1
                seller = self._rng.choice(crowd.desk.rich)
                await self._sell(cell, crowd.desk.sale(seller, f"{self._name}-{count}"))
                await asyncio.sleep(REST_S)

    async def _sell(self, cell: AsyncClient, sale: Sale) -> None:
        """Until it is answered, or clearly never will be."""
        crowd, draft = self._crowd, msgspec.json.decode(sale.body, type=Draft)
        crowd.rides.calls += 1
        for _ in range(TRIES):
            asked_s = crowd.now_s()
            try:
                receipt = await cell.issue(draft, key=sale.key)
            except (Problem, Unreachable) as error:
                crowd.rides.errors.append(f"{sale.key}: {error!r}")
                continue
            heard_s = crowd.now_s()
            crowd.rides.slowest_s = max(crowd.rides.slowest_s, round(heard_s - asked_s, 3))
            told = Told.of(msgspec.to_builtins(receipt))
            crowd.heard.receipt(sale, told, is_new=not receipt.replayed)
            crowd.acks.append(Ack(asked_s, heard_s, int(not receipt.replayed)))
            return
        crowd.heard.fault(f"{sale.name}: our client was not answered, {TRIES} times over")
