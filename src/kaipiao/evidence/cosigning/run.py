"""The loop: rounds with the witnesses, stamps, and the memory of both.  Nothing here ever ends it.

Whatever goes wrong is written down and tried again: a witness's affair must not take down the
process that publishes the log.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from kaipiao.errors import Outage
from kaipiao.evidence.cosigning.caller import Caller
from kaipiao.evidence.cosigning.gather import Gathering
from kaipiao.evidence.cosigning.memory import MemoryFile, Trouble
from kaipiao.evidence.cosigning.sharing import Sharing
from kaipiao.evidence.cosigning.stamp import NotStamped, Stamping
from kaipiao.evidence.disk import in_thread
from kaipiao.evidence.reader import TilesDamaged

_log = logging.getLogger(__name__)


class Cosigning:
    """All that a cell does with its witnesses, in one place to be started and looked at."""

    def __init__(
        self,
        *,
        gathering: Gathering,
        callers: Sequence[Caller],
        stamping: Stamping | None,
        memory: MemoryFile,
        sharing: Sharing | None = None,
    ) -> None:
        """``sharing`` is with the other members of the cell."""
        self._gathering = gathering
        self._callers = tuple(callers)
        self._stamping = stamping
        self._memory = memory
        self._sharing = sharing
        self._told = memory.read()

    async def tell(self, trouble: Trouble | None) -> None:
        """Why nothing is signed; None when it is."""
        await self._remember(trouble=trouble)

    async def round(self, *, leads: bool = True) -> None:
        """Get what there is to get, and share it; or, of one who follows: take what was shared."""
        reaches = self._sharing is None or await self._sharing.take(leads=leads)
        if leads and reaches:  # else a witness would hear less from us than from whom we succeed
            await self._gather()
            if self._sharing is not None:
                await self._sharing.give(self._told)

    async def _gather(self) -> None:
        try:
            await self._gathering.round()
        except FileNotFoundError:
            return  # nothing is published yet
        await self._remember(witnesses=tuple(caller.standing for caller in self._callers))
        if self._stamping is not None:
            await self._stamp(self._stamping)

    async def _stamp(self, stamping: Stamping) -> None:
        try:
            if await stamping.round():
                await self._remember(stamp_trouble="")
        except NotStamped as error:
            if not self._told.stamp_trouble:
                _log.warning("no time stamp: %s", error)
            await self._remember(stamp_trouble=str(error))

    async def _remember(self, **changes: object) -> None:
        remembered = msgspec.structs.replace(self._told, **changes)
        if remembered != self._told:
            self._told = remembered
            await in_thread(self._memory.write, remembered)


async def run_cosigning(
    cosigning: Cosigning,
    *,
    every_s: float,
    stop: asyncio.Event,
    leads: Callable[[], bool] = lambda: True,
) -> None:
    """Rounds until told to stop; only who leads asks: a witness that one member has shown more
    than another has yet would believe the second to be another log.
    """
    while not stop.is_set():
        try:
            await cosigning.round(leads=leads())
        except (Outage, OSError, TilesDamaged) as error:
            _log.warning("cosigning waits: %r", error)
        except Exception:
            _log.exception("a defect in a round of cosigning; the log goes on without it")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
