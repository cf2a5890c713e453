"""Notes that the leading member got for all members: implements ports.SharedNotes."""

from collections.abc import Mapping

from kaipiao.ledger.pool import Pool

_READ = "SELECT name, note FROM log_note WHERE log = $1"
_PUT = """
INSERT INTO log_note (log, name, size, note) VALUES ($1, $2, $3, $4)
ON CONFLICT (log, name) DO UPDATE SET size = $3, note = $4 WHERE log_note.size <= $3
"""


class Notes:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, log: str) -> Mapping[str, str]:
        return {row["name"]: row["note"] for row in await self._pool.fetch(_READ, log)}

    async def put(self, log: str, name: str, size: int, note: str) -> None:
        await self._pool.execute(_PUT, log, name, size, note)
