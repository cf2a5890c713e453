"""Is the database there, and how far behind is the evidence log?  For status pages."""

from datetime import datetime

from kaipiao.ledger.pool import Pool


class Pulse:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def oldest_pending_at(self) -> datetime | None:
        """When the oldest batch without a place in the log was committed; None if there is none.

        Raises:
            Outage: the database does not answer.
        """
        found: datetime | None = await self._pool.fetchval(
            "SELECT min(queued_at) FROM outbox WHERE topic = 'evidence'"
        )
        return found
