"""How far a backup's stream is behind, as the server sees it."""

from kaipiao.ledger.pool import Pool

_LAG = """
SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), restart_lsn)::bigint
  FROM pg_replication_slots WHERE slot_name = $1 AND active
"""


async def stream_lag_bytes(pool: Pool, slot: str) -> int | None:
    """What the server has written and the stream has not made durable; None: nobody streams.

    Raises:
        Outage: the database does not answer.
    """
    lag: int | None = await pool.fetchval(_LAG, slot)
    return lag
