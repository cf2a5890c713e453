"""Cut-over and back: the release room changes who issues, the plan changes who is the shadow.

    cut-over   1 may it? (``shadow/gate.py``)   2 release apply   3 proof   4 plan
    back                                        2 release rollback   3 proof   4 plan

If we crash before 2, nothing happened; in 2, the release room puts back or goes on; after it, the
same command goes on with 3, and ``back`` goes back (``shadow/turn.py``).  The runner sees the plan
and begins the double run anew with the roles turned.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from kaipiao.app.archive import owner_dsn_of
from kaipiao.app.audit import operating
from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder
from kaipiao.app.release_current import current_of
from kaipiao.app.release_door import Act, Request, ask
from kaipiao.app.settings import Settings
from kaipiao.app.shadow import issued_by
from kaipiao.app.shadow_proof import Proof, prove
from kaipiao.continuity.release.current import Current
from kaipiao.continuity.shadow.book import Book
from kaipiao.continuity.shadow.cell import ShadowFolder, runner_of
from kaipiao.continuity.shadow.gate import Words, check_ready
from kaipiao.continuity.shadow.plan import (
    Plan,
    Version,
    Why,
    keep_plan,
    of_python,
    read_plan,
    turned,
)
from kaipiao.continuity.shadow.turn import Stand, TurnRefused, same_version, shadow_of, stand_of
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.ledger.audit import AuditRows
from kaipiao.ledger.pool import Pool

Say = Callable[[Words], None]


class _Seen(NamedTuple):
    plan: Plan
    current: Current
    stand: Stand


class Turning:
    """One turn of the cell in this data folder; ``say`` is told each step.

    Both ways raise TurnRefused (with all reasons and what to do) and Outage (the cell does not
    answer: do the same again).
    """

    def __init__(self, settings: Settings, shadow: ShadowFolder, say: Say) -> None:
        self._settings = settings
        self._folder = CellFolder(settings.data)
        self._shadow = shadow
        self._say = say
        self._clock = SystemClock()

    async def cut_over(self, despite: str = "") -> None:
        """Let the shadow issue; who issued is its shadow.  ``despite``: the reason to do it
        although the gate says no.
        """
        seen = self._look()
        if seen.stand is Stand.CUT_OVER:
            issues = seen.current.program
            self._say((f"{issues} 已在开票, 没有可做的", f"{issues} issues already: nothing to do"))
            return
        if seen.stand is Stand.BACK_HALF:
            raise self._stopped_half(seen)
        if seen.stand is Stand.BESIDE:
            self._check(seen.plan, despite)
        async with self._written_down("shadow.cut_over", seen, despite):
            before = self._proof().signed()
            if seen.stand is Stand.BESIDE:
                self._release("apply", shadow_of(seen.plan).python)
            await self._proved(before)
            former = self._look().current.before
            assert former is not None, "a release is open until it is finished"
            await self._turn(seen.plan, of_python(former.python), "cut-over")

    async def back(self) -> None:
        """Let who issued before the cut-over issue again.  No gate: it is the way out."""
        seen = self._look()
        if seen.stand is Stand.BESIDE:
            issues, shadow = seen.current.program, seen.plan.shadow
            self._say(
                (
                    f"{issues} 在开票, {shadow} 是影子: 没有可回去的 (发布完成后不能回退)",
                    f"{issues} issues, {shadow} is its shadow: nothing to go back from (a "
                    "finished release has no way back)",
                )
            )
            return
        if seen.stand is Stand.BACK_HALF and seen.plan.former is None:
            raise same_version(seen.current)
        async with self._written_down("shadow.back", seen, ""):
            before = self._proof().signed()
            if seen.stand is not Stand.BACK_HALF:
                self._release("rollback")
            await self._proved(before)
            if seen.stand is not Stand.CUT_HALF:
                assert seen.plan.former is not None, "a cut-over notes who was the shadow"
                await self._turn(seen.plan, seen.plan.former, "back")

    def _look(self) -> _Seen:
        plan, current = read_plan(self._shadow.plan), current_of(self._folder)
        shadow_of(plan)
        assert plan is not None
        return _Seen(plan, current, stand_of(plan, current))

    def _stopped_half(self, seen: _Seen) -> TurnRefused:
        if seen.plan.former is None:
            return same_version(seen.current)
        return TurnRefused(
            (
                "上一次 back 没有做完; 请先 kaipiao shadow back",
                "the last way back was not finished; first type kaipiao shadow back",
            )
        )

    def _check(self, plan: Plan, despite: str) -> None:
        """Raises TurnRefused: it is not ready, and nobody said why it should go on."""
        tally = Book(self._shadow.run(plan.number).path).read()
        faults = check_ready(tally, self._clock.now())
        if faults and not despite:
            hint = (
                '仍要切换: kaipiao shadow cut-over --despite "理由" (理由记入审计日志)',
                "to cut over all the same: kaipiao shadow cut-over --despite REASON (the reason "
                "goes into the audit log)",
            )
            raise TurnRefused(*faults, hint)
        for zh, en in faults:
            self._say((f"尽管: {zh}", f"despite: {en}"))
        if not faults:
            self._say(("比对结果允许切换", "what was compared allows it"))

    def _release(self, act: Act, python: str = "") -> None:
        """Raises TurnRefused: the release room says no; Outage."""
        for said in ask(self._folder.release_door, Request(act=act, python=python)):
            if said.is_refused:
                raise TurnRefused((said.zh, said.en))
            if not said.is_over:  # its last words are about release commands
                self._say((said.zh, said.en))

    def _proof(self) -> Proof:
        return Proof(self._settings, self._folder)

    async def _proved(self, before: Checkpoint | None) -> None:
        current = current_of(self._folder)
        shadow = shadow_of(read_plan(self._shadow.plan)).python
        pythons = {current.program.python, shadow}
        if current.before:
            pythons.add(current.before.python)
        self._say(await prove(self._proof(), before, sorted(pythons)))

    async def _turn(self, plan: Plan, to: Version, why: Why) -> None:
        async with issued_by(self._settings) as issued:
            since = await issued.size()
        then = turned(plan, to, why=why, since=since, at=self._clock.now())
        keep_plan(self._shadow.plan, then)
        issues = current_of(self._folder).program
        self._say(
            (
                f"{issues} 在开票; {to} 从第 {since:,} 项起是影子。回去: kaipiao shadow back",
                f"{issues} issues; {to} is the shadow from entry {since:,} on",
            )
        )
        if runner_of(self._shadow) is None:
            self._say(
                (
                    "影子没有在运行; 继续双轨: kaipiao shadow start",
                    "no shadow runs; to go on with the double run: kaipiao shadow start",
                )
            )

    @asynccontextmanager
    async def _written_down(self, action: str, seen: _Seen, despite: str) -> AsyncIterator[None]:
        facts = {"issues": str(seen.current.program), "shadow": seen.plan.shadow}
        if despite:
            facts["despite"] = despite
        pool = await Pool.open(owner_dsn_of(self._folder, self._settings))
        try:
            trail, what = AuditRows(pool), seen.plan.shadow
            async with operating(trail, action, what, clock=self._clock, **facts):
                yield
        finally:
            await pool.close()
