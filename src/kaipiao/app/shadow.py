"""Wiring for ``kaipiao shadow``: the cell's log, read in order; the shadow, kept alive; the run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from kaipiao.app.clock import SystemClock
from kaipiao.app.courtesy import BACKGROUND, step_back
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.settings import Settings
from kaipiao.continuity.shadow.book import Book, Tally
from kaipiao.continuity.shadow.cell import (
    OnlyRun,
    RunFolder,
    ShadowCell,
    ShadowElsewhere,
    ShadowFolder,
    end_left_behind,
)
from kaipiao.continuity.shadow.plan import Elsewhere, Plan, Version, keep_plan, read_plan, wanted
from kaipiao.continuity.shadow.route import RouteFolder
from kaipiao.continuity.shadow.run import ShadowRun
from kaipiao.continuity.shadow.there import There
from kaipiao.errors import InvoiceErased, Outage
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice
from kaipiao.fiscal.number import parse_number
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.batch import key_id
from kaipiao.ledger.in_order import InOrder
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.reads import Reads

PLAN_EVERY_S = 0.2
"""How soon a run sees that the roles were turned."""


class _Issued(InOrder):
    """Implements continuity.shadow.run.Issued."""

    def __init__(self, pool: Pool, shelf: Shelf) -> None:
        super().__init__(pool, shelf)
        self._reads = Reads(pool, shelf)

    async def original(self, number: str) -> Invoice | None:
        """None, too, if its content was erased."""
        try:
            return await self._reads.invoice(parse_number(number))
        except InvoiceErased:
            return None

    async def has_key(self, seller: str, key: str) -> bool:
        return bool(await self._reads.given([key_id(seller, IdempotencyKey(key))]))


async def run_shadow(
    settings: Settings,
    folder: ShadowFolder,
    *,
    version: Version | None,
    elsewhere: Elsewhere | None,
    own: Version,
    per_second: int,
    since: int | None,
    until_even: bool,
    told: Callable[[Tally], None],
) -> Tally:
    """Run a shadow of the cell in this data folder until cancelled, or until nothing waits.

    ``since`` is the place in the log where a new run begins; None: at what is issued from now on.
    A new run is begun if another shadow than the last is asked for; and in the middle, when the
    roles are turned.

    Raises:
        AlreadyRuns: another process runs it.
        NotAShadow: what answers is not marked.
        Outage: the cell does not run.
    """
    folder.make()
    step_back(BACKGROUND)
    with OnlyRun(folder.lock):
        async with issued_by(settings) as issued:
            begin = await issued.size() if since is None else since
            fresh = None if elsewhere else version or own
            begun = Plan(version=fresh, elsewhere=elsewhere, since=begin, at=SystemClock().now())
            known = read_plan(folder.plan)
            plan = keep_plan(folder.plan, wanted(known, version, elsewhere, begun))
            while True:
                one = _one_run(
                    issued, folder, plan, per_second=per_second, until_even=until_even, told=told
                )
                tally = await _until_turned(one, folder, plan)
                if tally is not None:
                    return tally
                plan = read_plan(folder.plan) or plan


async def _until_turned(
    one: Coroutine[Any, Any, Tally], folder: ShadowFolder, plan: Plan
) -> Tally | None:
    """What the run ended with; None: the plan is another one now, and the run was stopped."""
    running = asyncio.create_task(one)
    try:
        while not running.done():
            await asyncio.wait({running}, timeout=PLAN_EVERY_S)
            if (read_plan(folder.plan) or plan).number != plan.number:
                return None
        return running.result()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _one_run(
    issued: "_Issued",
    folder: ShadowFolder,
    plan: Plan,
    *,
    per_second: int,
    until_even: bool,
    told: Callable[[Tally], None],
) -> Tally:
    place, clock = folder.run(plan.number), SystemClock()
    place.make()
    folder.drop_ledgers_before(plan.number)
    end_left_behind(place)
    book = Book(place.path)
    tally = book.open(Tally(started_at=clock.now(), next_index=plan.since))
    cell, route = _cell_of(plan, place), RouteFolder(folder.route)

    async def reach() -> There:
        there = await cell.reach()
        route.point(cell.place())  # only once it has said that it is a shadow
        return there

    living = asyncio.create_task(cell.run())
    run = ShadowRun(
        issued,
        reach,
        book,
        per_second=per_second,
        now=clock.now,
        is_fed=lambda: route.feed().share_bp > 0,
    )
    try:
        return await run.run(tally, until_even=until_even, told=told)
    finally:
        route.point(None)  # its address will soon be nobody's, or another's
        living.cancel()
        with suppress(asyncio.CancelledError):
            await living


def _cell_of(plan: Plan, place: RunFolder) -> ShadowCell | ShadowElsewhere:
    if plan.elsewhere:
        return ShadowElsewhere(plan.elsewhere)
    assert plan.version is not None
    return ShadowCell(place, plan.version.command)


@asynccontextmanager
async def issued_by(settings: Settings) -> AsyncIterator[_Issued]:
    """What the cell of this data folder issued.  Raises Outage: it does not run."""
    folder = CellFolder(settings.data)
    running = read_running(folder)
    dsn = settings.dsn or (running.dsn if running else "")
    if not dsn:
        raise Outage(f"cell ({folder.path})")
    pool = await Pool.open(dsn, name="kaipiao shadow")
    try:
        yield _Issued(pool, Shelf(pool, folder.archive))
    finally:
        await pool.close()
