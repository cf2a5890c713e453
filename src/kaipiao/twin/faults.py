"""What goes wrong with a message, by chance from one seed.

    lost        it never arrives, and the sender waits in vain
    slow        it takes its time, and so does the answer
    late        the sender has given up when it arrives, and then it is done all the same
    doubled     it arrives twice, the second time some moments after the first
    unheard     it is done, and the answer is lost
    dies before, dies after
                the sender's process dies while the message is on its way, or while the answer is

Every message takes its own time besides, so whatever runs at once happens in any order.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Literal, Protocol, TypeVar

import msgspec

from kaipiao.errors import Outage, Refusal
from kaipiao.ledger.troubles import Trouble
from kaipiao.twin.journal import Journal
from kaipiao.twin.numbers import Fenced

T = TypeVar("T")
Fate = Literal["fine", "lost", "slow", "late", "doubled", "unheard", "dies before", "dies after"]

WAY_S = 0.01
"""Mean time of one message, one way."""
SLOW_S = 0.4
"""Mean time of a slow one."""
PATIENCE_S = 2.0
"""How long a sender waits for an answer."""
LATE_S = 6.0
"""Mean time that a late message comes after its sender has given up."""

WORST: dict[Fate, float] = {
    "lost": 0.06,
    "slow": 0.2,
    "late": 0.03,
    "doubled": 0.06,
    "unheard": 0.06,
    "dies before": 0.008,
    "dies after": 0.008,
}


class Weather(msgspec.Struct):
    """The chance of every fate but the good one, for one message.  ``calm`` ends them all."""

    chances: dict[Fate, float]

    def fate(self, rng: Random) -> Fate:
        left = rng.random()
        for fate, chance in self.chances.items():
            left -= chance
            if left < 0:
                return fate
        return "fine"

    def calm(self) -> None:
        self.chances.clear()


def weather_of(rng: Random) -> Weather:
    """Every seed has its own: three faults of ten are absent, the others weak or strong."""
    return Weather(
        {fate: rng.uniform(0, worst) for fate, worst in WORST.items() if rng.random() > 0.3}
    )


class Mortal(Protocol):
    """A process as its messages see it."""

    name: str

    def crash(self, why: str) -> None: ...


class Died(BaseException):
    """Code of a dead process tried to go on.  Nothing in the product may catch this."""


class StormyWire:
    """The wire of one life of a process.  What was sent arrives, even if the sender is dead."""

    def __init__(
        self,
        sender: Mortal,
        *,
        rng: Random,
        weather: Weather,
        journal: Journal,
        after: Callable[[str], object],
    ) -> None:
        self._sender = sender
        self._rng = rng
        self._weather = weather
        self._journal = journal
        self._after = after
        self.is_cut = False

    async def ask(self, what: str, statement: Callable[[], T]) -> T:
        if self.is_cut:
            raise Died
        fate = self._weather.fate(self._rng)
        if fate != "fine":
            self._journal.note(f"{self._sender.name}: {what} {fate}")
        sent = asyncio.get_running_loop().create_task(self._carry(what, statement, fate))
        sent.add_done_callback(_hear)
        return await asyncio.shield(sent)

    async def _carry(self, what: str, statement: Callable[[], T], fate: Fate) -> T:
        await asyncio.sleep(self._rng.expovariate(1 / SLOW_S) if fate == "slow" else self._way_s())
        if fate == "dies before":
            self._sender.crash(f"before {what}")
            fate = "lost" if self._rng.random() < 0.5 else "fine"  # it may be on its way already
        if fate in ("lost", "late"):
            if fate == "late":
                self._once_more(what, statement, PATIENCE_S + self._rng.expovariate(1 / LATE_S))
            await asyncio.sleep(PATIENCE_S)
            raise Outage("ledger")
        try:
            return await self._answer(what, statement, fate)
        finally:
            if fate == "unheard":
                await asyncio.sleep(PATIENCE_S)
                raise Outage("ledger")
            await asyncio.sleep(self._way_s())

    async def _answer(self, what: str, statement: Callable[[], T], fate: Fate) -> T:
        try:
            return statement()
        finally:
            self._after(what)
            if fate == "doubled":
                self._once_more(what, statement, self._way_s() * 5)
            if fate == "dies after":
                self._sender.crash(f"after {what}")

    def _once_more(self, what: str, statement: Callable[[], object], later_s: float) -> None:
        asyncio.get_running_loop().call_later(later_s, self._do_unheard, what, statement)

    def _do_unheard(self, what: str, statement: Callable[[], object]) -> None:
        try:
            statement()
        except (Refusal, Fenced, Trouble) as refused:
            self._journal.note(f"{self._sender.name}: {what} again: {refused!r}")
        self._after(what)

    def _way_s(self) -> float:
        return self._rng.expovariate(1 / WAY_S)


def _hear(sent: "asyncio.Task[object]") -> None:
    """Whoever asked may be dead: then nobody else would look at what went wrong."""
    if not sent.cancelled():
        sent.exception()
