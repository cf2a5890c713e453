"""What an invoice costs by stage: each piece of the way run alone, in one process, warm.

What is left of the server's CPU after these is HTTP, the event loop, the driver and the kernel.
"""

from collections.abc import Callable, Iterable
from time import perf_counter, process_time
from typing import TypeVar

import uvloop

from bench.drafts import compose_draft
from bench.express import express_us
from kaipiao.app.clock import SystemClock
from kaipiao.base.canonical import canonical, digest
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import compose_series
from kaipiao.fiscal.settle import settle
from kaipiao.gateway.issue import answer_receipt, decode_draft, read_draft
from kaipiao.issuing.issue import compose_entry
from kaipiao.ledger.batch import Place, Rows, key_id
from kaipiao.ledger.hold_up import HELD_UP_S, HoldUp
from kaipiao.ledger.queue import Queue
from kaipiao.regimes.cn.rules import check

T = TypeVar("T")
DRAFTS = 1_000
BATCHES = (20, 100)
"""How many share a commit, in ``rows``: about what a crowd of single calls and what a bulk does."""


def stages_us(*, seconds: float = 0.3) -> dict[str, float]:
    """CPU microseconds an invoice, by stage; each is repeated for so long."""
    drafts = [compose_draft(index) for index in range(DRAFTS)]
    bodies = [canonical(draft) for draft in drafts]
    today = beijing_day(SystemClock().now())
    entries = [compose_entry(draft, IdempotencyKey("sale-1")) for draft in drafts]
    place = Place(compose_series(2026, 31, 1), 1, SystemClock().now(), bytes(32))
    ids = [key_id(entry.seller, entry.key) for entry in entries]
    receipts: list[Receipt] = Rows(entries, ids, place).receipts

    def rows(size: int) -> Callable[[], None]:
        def make() -> None:
            for at in range(0, DRAFTS, size):
                Rows(entries[at : at + size], ids[at : at + size], place)

        return make

    return {
        "decode": _cost(lambda: _each(decode_draft, bodies), seconds),
        "decode, strictly": _cost(lambda: _each(read_draft, bodies), seconds),
        "check": _cost(lambda: _each(lambda draft: check(draft, on=today), drafts), seconds),
        "canonical": _cost(lambda: _each(canonical, drafts), seconds),
        "digest": _cost(lambda: _each(digest, bodies), seconds),
        "settle": _cost(lambda: _each(settle, drafts), seconds),
        "entry (canonical, digest, settle)": _cost(
            lambda: _each(lambda draft: compose_entry(draft, IdempotencyKey("sale-1")), drafts),
            seconds,
        ),
        **{f"rows of {size}": _cost(rows(size), seconds) for size in BATCHES},
        "watching over a commit (each, not an invoice)": _hold_up_us(seconds),
        "answer": _cost(lambda: _each(answer_receipt, receipts), seconds),
        "express way (all but loop, kernel and ledger)": express_us(seconds=seconds),
    }


def _hold_up_us(seconds: float) -> float:
    """What a commit pays so that those behind it are told should it be late."""

    async def watch() -> float:
        hold_up = HoldUp(Queue(), HELD_UP_S)

        def commits() -> None:
            for _ in range(DRAFTS):
                hold_up.begin()
                hold_up.end()

        return _cost(commits, seconds)

    return uvloop.run(watch())


def _each(work: Callable[[T], object], things: Iterable[T]) -> None:
    for thing in things:
        work(thing)


def _cost(work: Callable[[], None], seconds: float) -> float:
    """The cheapest of many goes: what disturbs us only ever adds."""
    work()
    best, end = float("inf"), perf_counter() + seconds
    while perf_counter() < end:
        began = process_time()
        work()
        best = min(best, process_time() - began)
    return best / DRAFTS * 1e6
