"""Couriers as processes: one is killed in the middle of its work, and another one takes it over."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from kaipiao.app.folder import CellFolder
from kaipiao.app.orders import READY, Orders, encode_orders
from kaipiao.app.settings import Settings
from kaipiao.delivery.sending.secret import open_delivery_key, webhook_secret
from tests.conftest import Database
from tests.contract.test_deliveries import new, order
from tests.receivers import Endpoint, open_endpoint, until
from tests.stores import Store, entry, grant

TAKEN_OVER_WITHIN_S = 30.0


class Process:
    """``python -m kaipiao.app.deliver``, as the supervisor starts it."""

    def __init__(self, folder: Path, dsn: str, name: str) -> None:
        settings = Settings(data=str(folder), webhook_networks="127.0.0.1")
        self._orders = encode_orders(Orders(settings=settings, dsn=dsn, name=name))

    async def start(self) -> "Process":
        import sys

        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "kaipiao.app.deliver"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(self._orders)
        assert await self.process.stdout.readline() == READY
        return self

    async def end(self, number: signal.Signals) -> float:
        """How long it took to go."""
        began = time.monotonic()
        if self.process.returncode is None:
            self.process.send_signal(number)
            await self.process.wait()
        return time.monotonic() - began


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as opened:
        yield opened


@pytest_asyncio.fixture
async def processes(scratch: Path, database: Database) -> AsyncIterator[list[Process]]:
    """Two, running."""
    CellFolder(str(scratch)).make()
    open_delivery_key(CellFolder(str(scratch)).secrets)
    started = [await Process(scratch, database.app, f"deliver-{n}").start() for n in range(2)]
    yield started
    for one in started:
        await one.end(signal.SIGKILL)


async def test_a_killed_courier_is_taken_over_in_half_a_minute_and_the_repeat_is_recognisable(
    store: Store, endpoint: Endpoint, processes: list[Process]
) -> None:
    endpoint.slow_s = 3_600  # whoever sends this one has it in hand until it is killed
    await store.orders.add(order(order_id="wh_slow", send_to=(f"{endpoint.url}/slow",)))
    await store.deliveries.queue([new(1, lane="wh_slow", order_id="wh_slow")])
    await until(lambda: endpoint.count("/slow") == 1, 10, "nobody took it")
    [sending] = await store.deliveries.page()
    assert sending.state == "sending"

    victim = await _holder(store, processes)
    endpoint.slow_s = 0.0
    await victim.end(signal.SIGKILL)
    killed_at = time.monotonic()
    await until(lambda: endpoint.count("/slow") == 2, TAKEN_OVER_WITHIN_S, "nobody took it over")
    assert time.monotonic() - killed_at < TAKEN_OVER_WITHIN_S
    await asyncio.sleep(0.5)

    assert (await store.deliveries.page())[0].state == "delivered"
    lost, done = await store.deliveries.attempts("msg_1")
    assert (lost.outcome, done.outcome) == ("lost", "delivered")
    assert len({call.webhook_id for call in endpoint.calls}) == 1


async def _holder(store: Store, processes: list[Process]) -> Process:
    """The process that holds the only delivery: its pid is in the worker's name."""
    worker = await store.pool.fetchval("SELECT worker FROM delivery WHERE state = 'sending'")
    [holder] = [one for one in processes if f":{one.process.pid}:" in worker]
    return holder


async def test_a_courier_frozen_in_its_sleep_sends_nothing_that_another_took(
    store: Store, endpoint: Endpoint, processes: list[Process]
) -> None:
    frozen, awake = processes
    frozen.process.send_signal(signal.SIGSTOP)
    await store.orders.add(order(send_to=(f"{endpoint.url}/ok",)))
    await store.deliveries.queue([new(n) for n in range(20)])
    await until(lambda: len(endpoint.calls) == 20, 15, "the other one did not do it alone")
    frozen.process.send_signal(signal.SIGCONT)
    await asyncio.sleep(1.5)

    assert len({call.webhook_id for call in endpoint.calls}) == len(endpoint.calls) == 20
    assert awake.process.returncode is None


async def test_invoices_reach_an_endpoint_through_real_processes_signed_with_the_cells_key(
    store: Store, endpoint: Endpoint, processes: list[Process], scratch: Path
) -> None:
    await grant(store)
    await store.orders.add(order(send_to=(f"{endpoint.url}/ok",)))
    for n in range(20):
        await store.ledger.record(entry(f"sale-{n}", n))
    await until(lambda: len(endpoint.calls) >= 20, 10, f"{len(endpoint.calls)} came")
    await asyncio.sleep(0.5)

    secret = webhook_secret(open_delivery_key(CellFolder(str(scratch)).secrets), "wh_1", 1)
    assert len({call.verify(secret)["data"]["number"] for call in endpoint.calls}) == 20
    assert len(endpoint.calls) == 20


async def test_a_courier_that_is_told_to_stop_is_gone_in_two_seconds(
    processes: list[Process],
) -> None:
    assert await processes[0].end(signal.SIGTERM) < 2
    assert processes[0].process.returncode == 0
