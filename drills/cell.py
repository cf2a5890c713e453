"""The cell under drill, as the drills of this house and the bench see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

import bench.cell
from bench import processes
from kaipiao.app.folder import Running
from kaipiao.app.scratch_cell import DidNotStart, ScratchCell, free_port, kill
from kaipiao.continuity.drill.line import Door, Line
from kaipiao.continuity.drill.sales import Desk
from kaipiao.ledger.embedded.remove import remove_database

__all__ = ["Cell", "DidNotStart", "free_port", "kill", "open_cell", "open_shop"]


class Cell(ScratchCell):
    """``kaipiao up`` on one folder and one port, with its processes by what they do."""

    def bench(self) -> "bench.cell.Cell":
        """As the bench sees it: addresses of the database, first key."""
        told = msgspec.json.decode(self._ready.read_bytes(), type=Running)
        return bench.cell.Cell(self.folder, self.pid, told)

    def workers(self) -> list[int]:
        return self.pids("kaipiao.app.serve")

    def log_writers(self) -> list[int]:
        return self.pids("kaipiao.app.work")

    def backends(self) -> list[int]:
        """The children of the postmaster: sessions, writers of the log and of pages, and so on."""
        every = processes.below(*self.postmasters())
        return [one.pid for one in every if "postgres: " in one.name]


@asynccontextmanager
async def open_cell(folder: Path, *arguments: str) -> AsyncIterator[Cell]:
    """A cell that runs inside the block, and leaves nothing behind."""
    cell = Cell(folder, *arguments)
    try:
        await cell.start()
        yield cell
    finally:
        await cell.stop()
        remove_database(folder)


async def open_shop(cell: Cell, desk: Desk) -> list[str]:
    """Grant every seller of the desk its credit line; API keys for the callers."""
    line = Line([Door("127.0.0.1", cell.port)], cell.first_key)
    for seller in (*desk.rich, *desk.poor):
        ask = msgspec.json.encode({"limit_fen": desk.limit_fen(seller)})
        answer = await line.ask(f"PUT /v1/credit-lines/{seller}", ask)
        assert answer.status == 200, answer
    line.hang_up()
    return [cell.first_key]
