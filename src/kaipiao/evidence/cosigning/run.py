"""The loop: rounds with the witnesses, stamps, and the memory of both.  Nothing here ever ends it.

Whatever goes wrong is written down and tried again: a witness's affair must not take down the
process that publishes the log.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from kaipiao.evidence.cosigning.caller import Caller
from kaipiao.evidence.cosigning.gather import Gathering
from kaipiao.evidence.cosigning.memory import MemoryFile, Trouble
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
    ) -> None:
        self._gathering = gathering
        self._callers = tuple(callers)
        self._stamping = stamping
        self._memory = memory
        self._told = memory.read()

    async def tell(self, trouble: Trouble | None) -> None:
        """Why nothing is signed; None when it is."""
        await self._remember(trouble=trouble)

    async def round(self) -> None:
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
    """Rounds until told to stop, while we lead: a witness that one member has shown more than
    another has yet would believe the second to be another log.
    """
    while not stop.is_set():
        try:
            if leads():
                await cosigning.round()
        except (OSError, TilesDamaged) as error:
            _log.warning("cosigning waits: %r", error)
        except Exception:
            _log.exception("a defect in a round of cosigning; the log goes on without it")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
