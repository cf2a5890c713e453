"""Wiring for ``kaipiao drill`` without a lab: one ordinary cell on loopback, in a scratch folder.

It is started as its operator starts it, and it is ours alone: no drill touches another cell.
"""

import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from kaipiao.app.drill_series import drill_while_it_holds, make_folder, plan, undisturbed
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.scratch_cell import DidNotStart, ScratchCell, kill
from kaipiao.continuity.cluster.words import Sentence
from kaipiao.continuity.drill.experiment import Experiment, Target
from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.line import Answer, Door, NoDoor, Silence, ask_once
from kaipiao.continuity.drill.perform import Say, check_can
from kaipiao.continuity.drill.stage import Done, StageRefused
from kaipiao.evidence.note import VerifierKey
from kaipiao.ledger.embedded.passwords import ROOT, compose_dsn
from kaipiao.ledger.embedded.remove import remove_database

ASK_WITHIN_S = 5.0


class CellStage:
    """One cell that may be killed and started any number of times."""

    name = "one cell on loopback"

    def __init__(self, folder: Path) -> None:
        self._cell = ScratchCell(folder)

    @property
    def token(self) -> str:
        return self._cell.first_key

    @property
    def doors(self) -> list[Door]:
        return [Door("127.0.0.1", self._cell.port)]

    @property
    def acts(self) -> Mapping[str, Callable[[Target], Awaitable[Done]]]:
        return {
            "kill-postgres": self._kill_postgres,
            "kill-cell": self._kill_cell,
            "start-cell": self._start_cell,
        }

    @property
    def logs(self) -> dict[str, Path]:
        return {"cell": self._cell.evidence}

    @property
    def vkey(self) -> VerifierKey:
        return self._cell.vkey

    async def unsteady(self) -> list[Sentence]:
        try:
            answer = await ask_once(self.doors[0], "GET /readyz", within_s=ASK_WITHIN_S)
        except (NoDoor, Silence):
            answer = Answer()
        if answer.status == 200:
            return []
        told = f"({answer.status})"
        return [Sentence(f"单元未就绪 {told}", f"the cell is not ready {told}")]

    async def dsn(self) -> str:
        running = read_running(CellFolder(str(self._cell.folder)))
        assert running, "it is steady, so it runs"
        where = parse_qs(urlsplit(running.dsn).query)
        secrets = Path(where["passfile"][0]).parent
        return compose_dsn(sockets=Path(where["host"][0]), secrets=secrets, role=ROOT)

    async def copies(self) -> dict[str, str]:
        return {}

    async def start(self) -> None:
        """Raises StageRefused: it did not get ready; with what it said."""
        try:
            await self._cell.start()
        except DidNotStart as said:
            raise StageRefused(zh=f"单元没有启动: {said}", en=f"It did not start: {said}") from None

    async def stop(self) -> None:
        await self._cell.stop()

    # ---- acts ----

    async def _kill_postgres(self, _: Target) -> Done:
        pids = self._cell.postmasters()[:1]
        kill(pids)
        return Done(f"postgres {pids}", struck_s=time.monotonic())

    async def _kill_cell(self, _: Target) -> Done:
        pids = self._cell.pids()
        kill(pids)
        await self._cell.wait_until_dead()
        return Done(f"{len(pids)} processes", self._start_if_down)

    async def _start_cell(self, _: Target) -> Done:
        await self.start()
        return Done("")

    async def _start_if_down(self) -> None:
        if self._cell.was_killed():
            await self.start()


class DrillCell:
    """A cell of our own.  ``stays``: its folder is not removed at the end of the block."""

    def __init__(self, folder: Path) -> None:
        self.stage = CellStage(folder)
        self.stays = False


@asynccontextmanager
async def open_cell(scratch: str | None, say: Say) -> AsyncIterator[DrillCell]:
    """A cell that runs inside the block and leaves nothing behind.  Raises StageRefused."""
    place = make_folder(scratch)
    ours = DrillCell(place / "cell")
    try:
        await ours.stage.start()
        yield ours
    finally:
        with undisturbed():
            await ours.stage.stop()
            if ours.stays:
                _tell_where(place, say)
            else:
                remove_database(place / "cell")
                shutil.rmtree(place)


def _tell_where(place: Path, say: Say) -> None:
    up = f"kaipiao up --data {place / 'cell'}"
    say(
        f"单元已停止, 数据和日志保留在 {place}。启动: {up}。用完请删除: rm -r {place}",
        f"The cell is stopped; its data and logs stay in {place}. To start it: {up}. "
        f"To remove it: rm -r {place}",
    )


async def drill_a_cell(
    experiments: list[Experiment], *, seed: int, scratch: str | None, keep: bool, say: Say
) -> AsyncIterator[Journal]:
    """One scratch cell, one drill after the other; a fresh one after a drill that did not hold.

    Raises StageRefused: nothing was broken.
    """
    for experiment in experiments:
        check_can(experiment, CellStage(Path("cell")))
    left = plan(experiments, seed)
    while left:
        async with open_cell(scratch, say) as cell:
            async for journal in drill_while_it_holds(cell, left, keep=keep, say=say):
                yield journal
        if cell.stays:
            return
