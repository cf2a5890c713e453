"""The proof that a turn lost nothing: everything that was acknowledged stands under a signed root,
that root extends the one before, and each program makes it again from the ledger.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from kaipiao.app.clock import SystemClock
from kaipiao.app.folder import CellFolder, read_running
from kaipiao.app.settings import Settings
from kaipiao.continuity.release.current import ReleaseRefused
from kaipiao.continuity.release.program import READ_WITHIN_S, Asked, Root, ask
from kaipiao.continuity.shadow.gate import Words
from kaipiao.continuity.shadow.turn import nothing_proved
from kaipiao.errors import Outage
from kaipiao.evidence.audit import check_growth
from kaipiao.evidence.checkpoint import Checkpoint
from kaipiao.evidence.published import PublishedLog
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.in_order import InOrder
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.pulse import Pulse

SIGNED_WITHIN_S = 60.0
"""The log signs once a second; one that stands still for so long has a trouble of its own."""

LOOK_EVERY_S = 0.2


class Proof:
    """Reads only: the ledger, the published log, and what programs make of the first."""

    def __init__(self, settings: Settings, folder: CellFolder) -> None:
        self._folder = folder
        running = read_running(folder)
        self._dsn = settings.dsn or (running.dsn if running else "")

    def signed(self) -> Checkpoint | None:
        """The newest checkpoint; None: nothing is published."""
        try:
            return PublishedLog(self._folder.evidence).checkpoint()
        except Outage:
            return None

    async def covering(self, at: datetime) -> Checkpoint:
        """A checkpoint over everything that was acknowledged until ``at``.

        Raises:
            TurnRefused: the log stands still.
            Outage: the ledger does not answer.
        """
        if not self._dsn:
            raise Outage(f"cell ({self._folder.path})")
        pool = await Pool.open(self._dsn, name="kaipiao shadow")
        try:
            async with asyncio.timeout(SIGNED_WITHIN_S):
                return await self._wait(pool, at)
        except TimeoutError:
            raise nothing_proved(("存证日志没有前进", "the evidence log does not go on")) from None
        finally:
            await pool.close()

    async def _wait(self, pool: Pool, at: datetime) -> Checkpoint:
        pulse, order = Pulse(pool), InOrder(pool, Shelf(pool, self._folder.archive))
        while True:
            oldest = await pulse.oldest_pending_at()
            size, signed = await order.size(), self.signed()
            is_placed = oldest is None or oldest > at
            if is_placed and signed is not None and signed.size >= size:
                return signed
            await asyncio.sleep(LOOK_EVERY_S)

    def check_extends(self, before: Checkpoint, now: Checkpoint) -> None:
        """Raises TurnRefused: what was signed before is not the beginning of what is now."""
        faults = check_growth(lambda name: (self._folder.evidence / name).read_bytes(), before, now)
        if faults:
            why = faults[0].why
            raise nothing_proved((f"存证日志: {why}", f"the evidence log {why}"))

    async def check_reads(self, python: str, signed: Checkpoint) -> None:
        """Raises TurnRefused: this program makes another root of the ledger, or none."""
        asked = Asked(dsn=self._dsn, archive=str(self._folder.archive), size=signed.size)
        try:
            read = await ask(python, "root", asked, Root, READ_WITHIN_S)
        except ReleaseRefused as no:
            raise nothing_proved((no.zh, no.en)) from None
        if read != Root(signed.size, signed.root.hex()):
            theirs, ours = f"{read.size}/{read.root[:16]}…", signed.root.hex()[:16]
            raise nothing_proved(
                (
                    f"{python} 由账本得出 {theirs}, 已签名的是 {signed.size}/{ours}…",
                    f"{python} makes {theirs} of the ledger, and {signed.size}/{ours}… is signed",
                )
            )


async def prove(proof: Proof, before: Checkpoint | None, pythons: Sequence[str]) -> Words:
    """What was proved, in words.  Raises TurnRefused, Outage."""
    signed = await proof.covering(SystemClock().now())
    if before is not None:
        proof.check_extends(before, signed)
    for python in pythons:
        await proof.check_reads(python, signed)
    since = signed.size - (before.size if before else 0)
    root = f"{signed.root.hex()[:16]}…"
    zh, en = ("两个程序", "both programs") if len(pythons) > 1 else ("程序", "the program")
    return (
        f"已证明丢失 0: {zh}由账本重算全部 {signed.size:,} 项, 根与已签名的相同 ({root}), "
        f"并延续切换前的根; 其间 {since:,} 项",
        f"proved, 0 lost: {en} made all {signed.size:,} entries again from the ledger: the signed "
        f"root ({root}); it extends the root before, by {since:,}",
    )
