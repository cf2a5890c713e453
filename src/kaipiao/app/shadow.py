"""Wiring for ``kaipiao shadow``: the cell's log, read in order; the shadow, kept alive; the run."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from kaipiao.app.clock import SystemClock
from kaipiao.app.courtesy import BACKGROUND, step_back
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.settings import Settings
from kaipiao.continuity.shadow.book import Book, Tally
from kaipiao.continuity.shadow.cell import OnlyRun, ShadowCell, ShadowFolder
from kaipiao.continuity.shadow.run import ShadowRun
from kaipiao.errors import InvoiceErased, Outage
from kaipiao.fiscal.invoice import Invoice
from kaipiao.fiscal.number import parse_number
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.in_order import InOrder
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.reads import Reads


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


async def run_shadow(
    settings: Settings,
    folder: ShadowFolder,
    program: Sequence[str],
    *,
    per_second: int,
    since: int | None,
    until_even: bool,
    told: Callable[[Tally], None],
) -> Tally:
    """Run a shadow of the cell in this data folder until cancelled, or until nothing waits.

    ``since`` is the place in the log where a new run begins; None: at what is issued from now on.

    Raises:
        AlreadyRuns: another process runs it.
        NotAShadow: what answers is not marked.
        Outage: the cell does not run.
    """
    folder.make()
    step_back(BACKGROUND)
    with OnlyRun(folder):
        async with _issued_by(settings) as issued:
            begin = await issued.size() if since is None else since
            book = Book(folder.path)
            tally = book.open(Tally(started_at=SystemClock().now(), next_index=begin))
            cell = ShadowCell(folder, program)
            living = asyncio.create_task(cell.run())
            run = ShadowRun(issued, cell.reach, book, per_second=per_second)
            try:
                return await run.run(tally, until_even=until_even, told=told)
            finally:
                living.cancel()
                with suppress(asyncio.CancelledError):
                    await living


@asynccontextmanager
async def _issued_by(settings: Settings) -> AsyncIterator[_Issued]:
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
