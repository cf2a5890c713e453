"""One database of the two, its ledger, and the loads that are put on it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import asyncpg

from bench.growth.crowd import Crowd
from bench.histogram import Histogram
from bench.measure import SHARES, Failed
from kaipiao.app.clock import SystemClock
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.month import next_month, tax_month
from kaipiao.ledger.embedded.passwords import APP, OWNER
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store
from kaipiao.ports import Outcome

BATCH = 1_000
FEEDERS = 3
"""Crowds of ``BATCH`` under way at once: one is composed while another commits."""

PLENTY_FEN = 10**17
TICK_S = 0.001


class Side:
    """``name`` is the database's; ``log`` is where its evidence and archive are."""

    def __init__(self, name: str, owner: str, store: Store, crowd: Crowd, folder: Path) -> None:
        self.name = name
        self.owner = owner
        self.store = store
        self.crowd = crowd
        self.folder = folder

    async def fill(self, invoices: int) -> float:
        """Issue so many in crowds, as fast as it goes; seconds."""
        end, began = self.crowd.count + invoices, time.perf_counter()

        async def feed() -> None:
            while (left := end - self.crowd.count) > 0:
                entries = self.crowd.take(min(BATCH, left))
                _all_issued(await self.store.ledger.record_all(entries))

        await asyncio.gather(*(feed() for _ in range(FEEDERS)))
        return time.perf_counter() - began

    async def bulk(self, seconds: float) -> float:
        """Invoices a second in crowds."""
        end, first, began = time.perf_counter() + seconds, self.crowd.count, time.perf_counter()

        async def feed() -> None:
            while time.perf_counter() < end:
                _all_issued(await self.store.ledger.record_all(self.crowd.take(BATCH)))

        await asyncio.gather(*(feed() for _ in range(FEEDERS)))
        return (self.crowd.count - first) / (time.perf_counter() - began)

    async def singles(self, seconds: float, callers: int) -> tuple[float, dict[str, float]]:
        """Invoices a second one by one from so many callers, and their latencies."""
        latencies: list[float] = []
        began = time.perf_counter()
        end = began + seconds

        async def call() -> None:
            while (now := time.perf_counter()) < end:
                await self.store.ledger.record(self.crowd.take(1)[0])
                latencies.append(time.perf_counter() - now)

        await asyncio.gather(*(call() for _ in range(callers)))
        return len(latencies) / (time.perf_counter() - began), _shares(latencies)

    async def offered(self, rate: float, until: Callable[[], bool]) -> dict[str, float]:
        """Latencies at a fixed rate, from the instant at which each was due."""
        latencies: list[float] = []
        waiting: set[asyncio.Future[None]] = set()
        began, sent = time.perf_counter(), 0

        async def call(due: float) -> None:
            await self.store.ledger.record(self.crowd.take(1)[0])
            latencies.append(time.perf_counter() - due)

        while not until():
            while (due := began + sent / rate) <= time.perf_counter():
                sent += 1
                one = asyncio.ensure_future(call(due))
                waiting.add(one)
                one.add_done_callback(waiting.discard)
            await asyncio.sleep(TICK_S)
        await asyncio.gather(*waiting)
        return _shares(latencies) | {"seconds": time.perf_counter() - began}

    async def look_up(self, count: int = 300) -> dict[str, dict[str, float]]:
        """Latencies of reading, one caller, each time another invoice of all there are."""
        ledger, crowd = self.store.ledger, self.crowd
        numbers = [crowd.count * n // count for n in range(count)]
        entries = [crowd.entry(n) for n in numbers]
        found = [await ledger.find_key(one.seller, IdempotencyKey(one.key)) for one in entries]
        assert all(found)
        issued = [one.number for one in found if one]
        return {
            "number": await _timed([lambda n=n: ledger.read(n) for n in issued]),  # type: ignore[misc]
            "key": await _timed([lambda e=e: ledger.find_key(e.seller, e.key) for e in entries]),  # type: ignore[misc]
            "digest": await _timed([lambda e=e: ledger.find_digest(e.digest) for e in entries]),  # type: ignore[misc]
            "list of 100": await _timed([lambda e=e: ledger.page(e.seller) for e in entries[:50]]),  # type: ignore[misc]
        }

    async def until_ordered(self, within_s: float = 300.0) -> float:
        """Until every invoice has its place in the log; how long that took."""
        began = time.perf_counter()
        while await self.store.order.waiting():
            if time.perf_counter() - began > within_s:
                raise Failed(f"{self.name} waits for its places for {within_s} s")
            await asyncio.sleep(0.05)
        return time.perf_counter() - began


async def open_side(server: EmbeddedPostgres, name: str, folder: Path) -> Side:
    """A fresh database with ten thousand credit lines of this month and the next."""
    root = await asyncpg.connect(server.dsn_root)
    try:
        await root.execute(f"CREATE DATABASE {name} OWNER {OWNER}")
    finally:
        await root.close()
    owner, app = server.dsn(OWNER, database=name), server.dsn(APP, database=name)
    await migrate(owner)
    crowd = Crowd(name)
    await _grant(owner, crowd.sellers)
    home = folder / name
    home.mkdir()
    store = await Store.open(app, clock=SystemClock(), area=31, channel=1, archive=home / "archive")
    return Side(name, owner, store, crowd, home)


async def _grant(owner: str, sellers: Sequence[str]) -> None:
    month = tax_month(SystemClock().now())
    connection = await asyncpg.connect(owner)
    try:
        await connection.execute(
            "INSERT INTO credit_line (seller, month, limit_fen)"
            " SELECT seller, month, $2 FROM unnest($1::text[]) AS seller,"
            " unnest($3::integer[]) AS month",
            sellers,
            PLENTY_FEN,
            [month, next_month(month)],
        )
    finally:
        await connection.close()


def _all_issued(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if not isinstance(outcome, Receipt) or outcome.replayed:
            raise Failed(f"an invoice was not issued: {outcome!r}")


async def _timed(asks: Sequence[Callable[[], Awaitable[object]]]) -> dict[str, float]:
    latencies = []
    for ask in asks:
        began = time.perf_counter()
        assert await ask()
        latencies.append(time.perf_counter() - began)
    return _shares(latencies)


def _shares(latencies: Sequence[float]) -> dict[str, float]:
    histogram = Histogram.of(latencies)
    shares = {name: histogram.ms(share) for name, share in SHARES.items()}
    return shares | {"max_ms": histogram.max_ms}
