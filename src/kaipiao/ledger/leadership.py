"""Who of several that could do it does what only one should: a lock in the database they share.

The lock belongs to one session on the primary.  Whoever loses the connection is no leader any
more, and the server gives the lock up as soon as it knows the session to be gone:

    the process died         its kernel closes the connection: at once
    its machine died         the server's keep-alive: about ``KEEPALIVE_S`` seconds
    it hangs                 the session idles: ``IDLE_S``
    another primary          a promoted server knows of no lock: the next who asks has it

For a moment two may believe that they lead, so this only saves work; what must never be done
twice is guarded where it is done (``heads.py``).
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg

from kaipiao.ledger.pool import AWAY, CONNECT_WITHIN_S

ASK_EVERY_S = 0.5
"""How often a leader makes sure, and the others try: how long a lock that is free lies idle."""
ANSWER_WITHIN_S = 2.0
KEEPALIVE_S = 5
IDLE_S = 5
"""Ten questions missed: whoever asks none has stopped."""

LEAD_KEY = 0x6B70_5F6C_6561_64  # "kp_lead"

_SESSION = {
    "application_name": "kaipiao leader",
    "tcp_keepalives_idle": "2",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": str(KEEPALIVE_S - 2),
    "tcp_user_timeout": str(1_000 * KEEPALIVE_S),
}
_TRY = "SELECT CASE WHEN pg_is_in_recovery() THEN false ELSE pg_try_advisory_lock($1) END"
"""A standby would lend its own lock, and take it along when it is promoted."""
_STILL = "SELECT NOT pg_is_in_recovery()"
_FAILED = (*AWAY, asyncpg.PostgresError)

_log = logging.getLogger(__name__)


class Leadership:
    """One candidate.  ``is_leader`` may be read at any time; it costs nothing.

    ``is_able`` is asked before every look: who could not do what a leader does leaves it to others.
    """

    def __init__(
        self, dsn: str, *, idle_s: int = IDLE_S, is_able: Callable[[], bool] = lambda: True
    ) -> None:
        self._dsn = dsn
        self._is_able = is_able
        self._session = _SESSION | {"idle_session_timeout": str(1_000 * idle_s)}
        self._connection: asyncpg.Connection[Any] | None = None
        self.is_leader = False

    async def look(self) -> None:
        """Become the leader if nobody is, or find out whether we still are."""
        was = self.is_leader
        if not self._is_able():
            if was:
                _log.warning("we could not do what a leader does, and leave it to another member")
            await self.close()
            return
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                self.is_leader = await self._ask()
        except _FAILED as error:
            self._drop()
            if was:
                _log.warning("we do not lead any more: %r", error)
        if self.is_leader and not was:
            _log.info("we lead: this member writes the log and keeps the clocks")

    async def keep(self) -> None:
        """Look, for ever."""
        while True:
            await asyncio.sleep(ASK_EVERY_S)
            await self.look()

    async def close(self) -> None:
        """Let the next one lead at once."""
        connection, self._connection, self.is_leader = self._connection, None, False
        if connection is not None:
            with contextlib.suppress(*_FAILED):
                await connection.close(timeout=CONNECT_WITHIN_S)

    async def _ask(self) -> bool:
        if self._connection is None or self._connection.is_closed():
            self.is_leader = False
            self._connection = await asyncpg.connect(
                self._dsn, timeout=CONNECT_WITHIN_S, server_settings=self._session
            )
        if self.is_leader:
            return bool(await self._connection.fetchval(_STILL))
        return bool(await self._connection.fetchval(_TRY, LEAD_KEY))

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        self._connection, self.is_leader = None, False


@contextlib.asynccontextmanager
async def candidate(
    dsn: str, *, is_able: Callable[[], bool] = lambda: True
) -> AsyncIterator[Leadership]:
    """Stand for leader while this block runs; having asked once when it begins."""
    leadership = Leadership(dsn, is_able=is_able)
    await leadership.look()
    keeping = asyncio.create_task(leadership.keep(), name="leadership")
    try:
        yield leadership
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await leadership.close()
