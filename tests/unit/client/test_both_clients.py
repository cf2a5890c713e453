"""Waiting or awaited, at one address or several: the same story on the wire."""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import msgspec
import pytest

from kaipiao.client.client import AsyncClient, Client
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.retry import Budget
from tests.unit.client.scripted import HANG_UP, Asked, Reply, Scripted, problem, serving
from tests.unit.client.test_client import CREATED, DRAFT, RECEIPT

FOUND = Reply(200, msgspec.json.encode({"area": 33}))
SHORT = Budget(within_s=5.0)
STORIES = {
    "lost, busy, issued": [HANG_UP, problem(503, "busy", retryable=True), CREATED],
    "issued before": [Reply(200, msgspec.json.encode(RECEIPT))],
    "refused": [problem(422, "rules-broken")],
    "refused at the second try": [HANG_UP, problem(409, "key-reused")],
    "told to come much later": [problem(503, "busy", retryable=True, retry_after="600")],
    "unreadable": [Reply(201, b"<html>")],
}


def waiting(url: str | list[str]) -> str:
    with Client(url, "k", budget=SHORT) as cell:
        try:
            return repr(cell.issue(DRAFT, key="sale-1"))
        except (Problem, Unreachable) as error:
            return repr(error)


def awaited(url: str | list[str]) -> str:
    async def ask() -> str:
        async with AsyncClient(url, "k", budget=SHORT) as cell:
            try:
                return repr(await cell.issue(DRAFT, key="sale-1"))
            except (Problem, Unreachable) as error:
                return repr(error)

    return asyncio.run(ask())


@pytest.mark.parametrize("story", STORIES)
def test_both_ask_the_same_and_end_the_same(story: str) -> None:
    first, second = Scripted(*STORIES[story]), Scripted(*STORIES[story])
    with serving(first) as url, serving(second) as other:
        ends = waiting(url), awaited(other)

    assert ends[0] == ends[1]
    assert first.asked == second.asked
    assert len(first.asked) == len(STORIES[story])


@pytest.mark.parametrize("kind", [waiting, awaited])
def test_a_dead_member_costs_a_moment_and_the_living_one_is_remembered(
    kind: Callable[[list[str]], str],
) -> None:
    living = Scripted(CREATED)
    with serving(living) as url:
        dead = "http://127.0.0.1:9"
        began = time.monotonic()
        said = kind([dead, url])

    assert str(RECEIPT["number"]) in said
    assert time.monotonic() - began < 4.0
    assert [asked.key for asked in living.asked] == ["sale-1"]


class Slow(Scripted):
    """Holds every answer back until it is let go."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply)
        self.let_go = threading.Event()

    def next(self, asked: Asked) -> Reply:
        reply = super().next(asked)
        self.let_go.wait(5)
        return reply


def test_a_late_look_up_is_asked_of_a_second_member_and_an_act_is_not() -> None:
    slow, fast = Slow(FOUND), Scripted(FOUND)
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(script)) for script in (slow, fast)]
        stack.callback(slow.let_go.set)
        began = time.monotonic()
        with Client(urls, "k", budget=SHORT) as cell:
            assert cell.status() == {"area": 33}
        assert time.monotonic() - began < 4.0
        asyncio.run(_hedged(urls))
        assert len(fast.asked) == 2

        threading.Timer(0.7, slow.let_go.set).start()
        unreadable = pytest.raises(Unreachable, match="cannot be read")
        with Client(urls, "k", budget=SHORT) as cell, unreadable:
            cell.issue(DRAFT, key="sale-1")  # the slow one says what is no receipt
        assert [a.method for a in fast.asked] == ["GET", "GET"]
        assert [a.method for a in slow.asked] == ["GET", "GET", "POST"]


async def _hedged(urls: list[str]) -> None:
    async with AsyncClient(urls, "k", budget=SHORT) as cell:
        assert await cell.status() == {"area": 33}
        assert cell.url == urls[1], "who answered is asked first"


def test_a_busy_answer_of_the_second_does_not_beat_a_good_one_of_the_first() -> None:
    slow, busy = Slow(FOUND), Scripted(problem(503, "busy", retryable=True))
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(script)) for script in (slow, busy)]
        stack.callback(slow.let_go.set)
        with Client(urls, "k", budget=SHORT) as cell:
            threading.Timer(0.7, slow.let_go.set).start()  # now: making a client takes a while
            assert cell.status() == {"area": 33}
        assert (len(slow.asked), len(busy.asked)) == (1, 1)


def test_pages_are_walked_by_both() -> None:
    def page(after: int | None) -> Reply:
        return Reply(200, msgspec.json.encode({"invoices": [], "after": after}))

    first, second = Scripted(page(7), page(None)), Scripted(page(7), page(None))

    async def walk(url: str) -> None:
        async with AsyncClient(url, "k") as cell:
            assert [found async for found in cell.invoices("91")] == []

    with serving(first) as url, serving(second) as other:
        with Client(url, "k") as cell:
            assert list(cell.invoices("91")) == []
        asyncio.run(walk(other))

    assert [a.path for a in first.asked] == [a.path for a in second.asked]
    assert "after=7" in first.asked[1].path
