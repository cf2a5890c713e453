"""Whoever cannot go on leaves once, whoever asks first; the kernel sees to it if need be."""

import asyncio
import signal
from collections.abc import Iterator

import msgspec
import pytest

from kaipiao.app.ending import END_WITHIN_S, Ending
from kaipiao.ledger.store import Store
from tests.clocks import StoppedClock
from tests.conftest import Database
from tests.stores import entry


@pytest.fixture(autouse=True)
def no_alarm() -> Iterator[None]:
    yield
    signal.alarm(0)


def test_it_leaves_once_and_the_alarm_is_set() -> None:
    ending, left = Ending(), list[str]()
    ending.by(lambda: left.append("now"))
    ending.ask("first")
    ending.ask("second")

    assert left == ["now"]
    assert ending.why == "first"
    assert 0 < signal.alarm(0) <= END_WITHIN_S


def test_who_was_asked_before_it_began_leaves_at_once() -> None:
    ending, left = Ending(), list[str]()
    ending.ask("early")
    ending.by(lambda: left.append("now"))

    assert left == ["now"]


async def test_a_want_of_memory_in_a_callback_is_heard_of() -> None:
    ending, loop = Ending(), asyncio.get_running_loop()
    loop.set_exception_handler(ending.hear)

    def fail(error: Exception) -> None:
        raise error

    loop.call_soon(fail, ValueError("a defect"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ending.why == ""
    loop.call_soon(fail, MemoryError())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ending.why


async def test_a_loop_that_commits_no_more_is_told_of(database: Database) -> None:
    store = await Store.open(database.app, clock=StoppedClock(), area=31, channel=1)
    told = asyncio.Event()
    store.group.when_broken(told.set)
    monster = msgspec.structs.replace(entry("sale-1"), payload=None)
    asking = asyncio.ensure_future(store.group.submit([monster]))
    async with asyncio.timeout(10):
        await told.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await store.pool.close()


async def test_a_loop_that_is_closed_is_not_broken(database: Database) -> None:
    store = await Store.open(database.app, clock=StoppedClock(), area=31, channel=1)
    told = asyncio.Event()
    store.group.when_broken(told.set)
    await store.close()

    assert not told.is_set()
