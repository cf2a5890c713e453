"""The loop around a log's writer: lead or follow, as the moment has it, until told to stop."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from kaipiao.errors import Outage
from kaipiao.evidence.recovery import STEP_LEAVES
from kaipiao.evidence.writer import LogWriter, Overtaken

POLL_S = 0.1
FOLLOW_EVERY_S = 0.5
"""A follower looks this often: each new tree costs the database one small commit to be sure of."""
MAX_PAUSE_S = 5.0

Leads = Callable[[], bool]
"""Whether we are, at this moment, the one of several members who writes."""

_log = logging.getLogger(__name__)


def is_sole() -> bool:
    """Where there are no other members."""
    return True


async def run_log(writer: LogWriter, *, stop: asyncio.Event, leads: Leads = is_sole) -> None:
    """Publish until told to stop.  Outages are waited out; a broken log ends the loop loudly.

    Raises:
        FolderBusy: another process writes this log.
        LogBroken: see there; nothing more will be signed until someone has looked.
    """
    pause_s = POLL_S
    with writer:
        while not stop.is_set():
            is_leader = leads()
            try:
                behind = await (writer.advance() if is_leader else writer.follow()) >= STEP_LEAVES
                pause_s = 0 if behind else POLL_S if is_leader else FOLLOW_EVERY_S
            except (Outage, OSError, Overtaken) as error:
                pause_s = min(max(2 * pause_s, POLL_S), MAX_PAUSE_S)
                _log.warning("evidence waits %.1f s: %r", pause_s, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)
