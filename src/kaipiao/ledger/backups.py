"""How far a backup's stream is behind, as the server sees it."""

from typing import NamedTuple

from kaipiao.ledger.pool import Pool

_STANDING = """
SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint AS written,
       (restart_lsn - '0/0')::bigint AS received
  FROM pg_replication_slots WHERE slot_name = $1 AND active
"""


class Standing(NamedTuple):
    """Places in the database's log, in bytes from its beginning."""

    written: int
    received: int

    @property
    def lag_bytes(self) -> int:
        return max(0, self.written - self.received)


async def stream_standing(pool: Pool, slot: str) -> Standing | None:
    """What the server has written and the stream has made durable; None: nobody streams.

    Raises:
        Outage: the database does not answer.
    """
    row = await pool.fetchrow(_STANDING, slot)
    return Standing(row["written"], row["received"]) if row and row["received"] else None
