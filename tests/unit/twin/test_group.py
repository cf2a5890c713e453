"""The real group commit, when one statement of its sorting-out gets no answer."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from kaipiao.errors import CreditLineExhausted, KeyReused, Outage
from kaipiao.fiscal.invoice import Receipt
from kaipiao.ledger.group import CROWD, GATHER_S
from kaipiao.ports import Outcome
from kaipiao.twin.group import open_group
from kaipiao.twin.loop import run_virtually
from kaipiao.twin.memory import Habits, Memory
from kaipiao.twin.wire import ShortWire
from tests.clocks import StoppedClock
from tests.stores import NOVEMBER, entry, red_entry
from tests.strategies import SELLER

T = TypeVar("T")


class FailsOnce(ShortWire):
    """Loses one request, or one answer: the ``nth`` of those that ask for ``what``."""

    def __init__(self, what: str, nth: int, *, is_done: bool) -> None:
        self._what = what
        self._left = nth
        self._is_done = is_done

    async def ask(self, what: str, statement: Callable[[], T]) -> T:
        self._left -= what == self._what
        if what == self._what and self._left == 0:
            if self._is_done:
                await super().ask(what, statement)
            raise Outage("ledger")
        return await super().ask(what, statement)


async def a_crowd_at_another_process(wire: ShortWire) -> list[Outcome]:
    """A repeat, a key reused, one too large, a red letter, a repeated red letter, two good ones."""
    memory, habits = Memory(), Habits(clock=StoppedClock())
    here, there = open_group(memory, habits), open_group(memory, habits, wire)
    price = entry("old").draws_fen
    await here.credit.grant(SELLER.taxpayer_id, 4 * price, month=NOVEMBER)
    sold = await here.ledger.record(entry("old"))
    red = red_entry(sold.number, "red-old")
    await here.ledger.record(red)
    crowd = [
        entry("old"),
        entry("old", n=9),
        entry("poor", draws_fen=10**15),
        red_entry(sold.number, "red-new"),
        red,
        entry("good-1"),
        entry("good-2"),
    ]
    return await there.ledger.record_all(crowd)


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [
        f"{type(one).__name__}{' again' if isinstance(one, Receipt) and one.replayed else ''}"
        for one in outcomes
    ]


CALM = kinds(run_virtually(a_crowd_at_another_process(ShortWire())))
ASKED = ("take block", "commit", "raise epoch", "settle", "given", "open lines", "lefts")


def test_in_the_calm_everyone_hears_what_is_due() -> None:
    due = ["Receipt again", KeyReused.__name__, CreditLineExhausted.__name__, "RulesBroken"]
    assert [*due, "Receipt again", "Receipt", "Receipt"] == CALM


@pytest.mark.parametrize("is_done", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize("nth", range(1, 6))
@pytest.mark.parametrize("what", ASKED)
def test_one_statement_without_an_answer_changes_no_outcome(
    what: str, nth: int, is_done: bool
) -> None:
    wire = FailsOnce(what, nth, is_done=is_done)

    assert kinds(run_virtually(a_crowd_at_another_process(wire))) == CALM


COMMIT_S = 0.004


class Disk(ShortWire):
    """Takes its time for a commit, and counts them."""

    def __init__(self) -> None:
        self.commits = 0

    async def ask(self, what: str, statement: Callable[[], T]) -> T:
        if what == "commit":
            self.commits += 1
            await asyncio.sleep(COMMIT_S)
        return await super().ask(what, statement)


async def callers(count: int, *, asks: int) -> tuple[int, float]:
    """So many, each asking again soon after it was answered; the commits, and how long it took."""
    disk, loop = Disk(), asyncio.get_running_loop()
    store = open_group(Memory(), Habits(clock=StoppedClock()), disk)
    await store.credit.grant(SELLER.taxpayer_id, 10**12, month=NOVEMBER)
    await store.ledger.record(entry("warm"))
    disk.commits, began = 0, loop.time()

    async def caller(name: int) -> None:
        for nth in range(asks):
            await asyncio.sleep(name % 10 * GATHER_S / 12)
            await store.ledger.record(entry(f"{name}-{nth}"))

    await asyncio.gather(*(caller(name) for name in range(count)))
    return disk.commits, loop.time() - began


def test_a_crowd_that_asks_again_soon_shares_its_commits() -> None:
    commits, _ = run_virtually(callers(10 * CROWD, asks=10))

    assert commits <= 10 + 3  # the first few find each other only after a commit or two


def test_whoever_is_alone_waits_for_nobody() -> None:
    commits, took_s = run_virtually(callers(1, asks=10))

    assert commits == 10
    assert took_s == pytest.approx(10 * COMMIT_S)
