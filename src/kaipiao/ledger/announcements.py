"""What the log says of itself: implements ports.Announcements.

The row waits without a place until ``order.sequence`` gives it one, as it does for batches.
"""

from collections.abc import Sequence

from kaipiao.ledger.pool import Pool
from kaipiao.ports import Announcement

SERIES = 0
"""Under which announcements stand in ``log_batch``: no invoice's number begins so."""

_ADD = "INSERT INTO log_announcement (leaf, text) VALUES ($1, $2) ON CONFLICT (leaf) DO NOTHING"
_ALL = "SELECT leaf, text, log_index FROM log_announcement ORDER BY announcement_id"


class AnnouncementBoard:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, leaf: bytes, text: str) -> None:
        await self._pool.execute(_ADD, leaf, text)

    async def all(self) -> Sequence[Announcement]:
        rows = await self._pool.fetch(_ALL)
        return [Announcement(row["leaf"], row["text"], row["log_index"]) for row in rows]
