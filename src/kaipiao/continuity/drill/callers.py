"""Callers: they sell, repeat, reverse, and ask again with the same key until they are answered.

All that they do comes from their seed.  Each has one connection, as a till has.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from kaipiao.continuity.drill.heard import Heard
from kaipiao.continuity.drill.history import Ack
from kaipiao.continuity.drill.line import Answer, Door, Line, NoDoor, Silence
from kaipiao.continuity.drill.rider import Rider, Rides
from kaipiao.continuity.drill.sales import Desk, Sale

SETTLED_WITHIN_S = 90.0
"""Asked again and again for so long without an answer: a stuck state, which must not exist."""

TRY_S = 45.0
"""How long one try waits for its answer."""

PAUSE_S = (0.02, 0.2)
"""Impatient on purpose: a well-behaved client waits as long as it was told."""

BATCH_LINES = (1, 300)
MANY = "application/x-ndjson"


class Callers:
    """A crowd of them at one cell."""

    def __init__(
        self,
        doors: Sequence[Door],
        tokens: list[str],
        *,
        seed: int,
        name: str = "k",
        desk: Desk | None = None,
        try_s: float = TRY_S,
        batch_lines: tuple[int, int] = BATCH_LINES,
        rest_s: float = 0.0,
    ) -> None:
        """``try_s``: what one try may take.  ``rest_s``: between two sales of one caller."""
        self.desk = desk or Desk()
        self.heard = Heard(self.desk.sellers)
        self.acks: list[Ack] = []
        self.rides = Rides()
        self.began_s = time.monotonic()
        self.open_ = True
        self.try_s = try_s
        self.batch_lines = batch_lines
        self.rest_s = rest_s
        self._doors = doors
        self._tokens = tokens
        self._seed = seed
        self._name = name
        self._tasks: list[asyncio.Task[None]] = []

    def now_s(self) -> float:
        """Seconds since the crowd came."""
        return time.monotonic() - self.began_s

    def start(self, *, tills: int, batchers: int, riders: int = 0) -> None:
        """``riders``: who ask through our own client."""
        crowd = [(Till, n) for n in range(tills)] + [(Batcher, n) for n in range(batchers)]
        for kind, number in crowd:
            name = f"{self._name}-{kind.__name__[0]}{number}"
            at = number % len(self._doors)  # each begins at a door of its own
            doors = [*self._doors[at:], *self._doors[:at]]
            line = Line(doors, self._tokens[len(self._tasks) % len(self._tokens)])
            caller = kind(self, line, name, Random(f"{self._seed} {name}"))  # noqa: S311
            self._tasks.append(asyncio.create_task(caller.run()))
        for number in range(riders):
            name = f"{self._name}-R{number}"
            at, rng = number % len(self._doors), Random(f"{self._seed} {name}")  # noqa: S311
            doors = [*self._doors[at:], *self._doors[:at]]
            rider = Rider(self, doors, self._tokens[number % len(self._tokens)], name, rng)
            self._tasks.append(asyncio.create_task(rider.run()))

    async def finish(self) -> None:
        """No new sale; everybody who waits for an answer goes on until it is there."""
        self.open_ = False
        await asyncio.gather(*self._tasks)
        self._tasks.clear()

    def abandon(self) -> None:
        """After a failure: nobody is waited for."""
        for task in self._tasks:
            task.cancel()


class Caller:
    """What tills and batchers have in common: patience."""

    def __init__(self, crowd: Callers, line: Line, name: str, rng: Random) -> None:
        self.heard = crowd.heard
        self.desk = crowd.desk
        self.crowd = crowd
        self.line = line
        self.name = name
        self.rng = rng
        self._count = 0

    async def run(self) -> None:
        while self.crowd.open_:
            await self.step()
            await asyncio.sleep(self.crowd.rest_s)
        self.line.hang_up()

    async def step(self) -> None:
        raise NotImplementedError

    def next_sale(self, sellers: list[str]) -> Sale:
        self._count += 1
        return self.desk.sale(self.rng.choice(sellers), f"{self.name}-{self._count}")

    async def until_settled(
        self, what: str, ask: Callable[[], Awaitable[Answer]], settles: Callable[[Answer], bool]
    ) -> None:
        deadline = asyncio.get_running_loop().time() + SETTLED_WITHIN_S
        while asyncio.get_running_loop().time() < deadline:
            if await self._try(ask, settles):
                return
            self.line.move_on()
            await asyncio.sleep(self.rng.uniform(*PAUSE_S))
        self.heard.fault(f"{what}: no answer within {SETTLED_WITHIN_S} s")

    async def _try(
        self, ask: Callable[[], Awaitable[Answer]], settles: Callable[[Answer], bool]
    ) -> bool:
        """Ask once; whether it is settled.  Notes what was issued, and when."""
        counts, asked_s = self.heard.counts, self.crowd.now_s()
        try:
            answer = await ask()
        except NoDoor:
            counts["no door"] += 1
            return False
        except Silence:
            counts["silence"] += 1
            return False
        before = counts["issued"]
        settled = settles(answer)
        if issued := counts["issued"] - before:
            self.crowd.acks.append(Ack(asked_s, self.crowd.now_s(), issued))
        return settled


class Till(Caller):
    """One invoice a call."""

    _last: Sale | None = None
    _older: Sale | None = None  # long enough ago to be in the log

    async def step(self) -> None:
        chance, last = self.rng.random(), self._last
        if last is None or chance < 0.60:
            await self._sell(self.next_sale(self.desk.rich))
        elif chance < 0.78:
            await self._sell(self.next_sale([self.desk.hot]))
        elif chance < 0.84:
            await self._sell(self.next_sale(self.desk.poor))
        elif chance < 0.90:
            await self._sell(self.desk.sale(*last.name))
        elif chance < 0.92:
            await self._sell_other_content(last)
        elif chance < 0.95:
            await self._ask_for_proof()
            self._older = last
        else:
            await self._reverse(last)

    async def _sell(self, sale: Sale) -> None:
        await self._ask(sale)
        if sale.seller in self.desk.rich and sale.name in self.heard.receipts:
            self._last = sale

    async def _ask(self, sale: Sale) -> None:
        await self.until_settled(
            str(sale.name),
            lambda: self.line.ask(sale.call, sale.body, key=sale.key, within_s=self.crowd.try_s),
            lambda answer: self.heard.answer(sale, answer),
        )

    async def _sell_other_content(self, sale: Sale) -> None:
        other = self.desk.sale(*sale.name, remark="改了")
        await self.until_settled(
            str(sale.name),
            lambda: self.line.ask(other.call, other.body, key=other.key, within_s=self.crowd.try_s),
            lambda answer: self.heard.other_content(sale, answer),
        )

    async def _reverse(self, sale: Sale) -> None:
        """All of it, once; a second time under another key must be refused, so we do not."""
        number = self.heard.receipts[sale.name].number
        await self._ask(self.desk.reversal(sale, number, f"{sale.key}-red"))
        self._last = None

    async def _ask_for_proof(self) -> None:
        """One try: it may not be ready, and nobody may be there."""
        if self._older is None:
            return
        number = self.heard.receipts[self._older.name].number
        try:
            answer = await self.line.ask(
                f"GET /v1/invoices/{number}/receipt", within_s=self.crowd.try_s
            )
        except (NoDoor, Silence):
            return
        if answer.whole and answer.status == 200:
            self.heard.proofs.append(answer.body.decode())


class Batcher(Caller):
    """Many a call; what was not answered goes again, with the same keys."""

    async def step(self) -> None:
        left = [
            self.next_sale(self.desk.rich) for _ in range(self.rng.randint(*self.crowd.batch_lines))
        ]

        def ask() -> Awaitable[Answer]:
            lines = [b'{"key":"%b","draft":%b}\n' % (one.key.encode(), one.body) for one in left]
            return self.line.ask(
                "POST /v1/invoices:batch", b"".join(lines), kind=MANY, within_s=self.crowd.try_s
            )

        def settles(answer: Answer) -> bool:
            nonlocal left
            left = self.heard.batch(left, answer)
            return not left

        await self.until_settled(f"{self.name}, a batch", ask, settles)
