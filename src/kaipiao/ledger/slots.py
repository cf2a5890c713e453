"""Replication slots: who reads the database's log, and how much is kept for them."""

from typing import Any

import msgspec

from kaipiao.ledger.pool import Pool

_SLOTS = """
SELECT slot_name, slot_type, active, coalesce(wal_status = 'lost', false) AS is_lost,
       coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::bigint AS held_bytes,
       coalesce(extract(epoch FROM now() - inactive_since), 0)::float8 AS idle_s
FROM pg_replication_slots
ORDER BY slot_name
"""

_DROP = """
SELECT pg_drop_replication_slot(slot_name)
FROM pg_replication_slots WHERE slot_name = $1 AND NOT active
"""


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """``kind``: physical (a copy of the server) or logical (a feed of rows); ``is_lost``: the
    server no longer has what its reader needs next.
    """

    name: str
    kind: str
    is_active: bool
    is_lost: bool
    held_bytes: int
    idle_s: float


async def read_slots(pool: Pool) -> tuple[Slot, ...]:
    """Every slot of the server; anyone may ask.  Raises Outage."""
    return tuple(_slot(row) for row in await pool.fetch(_SLOTS))


async def drop_slot(pool: Pool, name: str) -> bool:
    """Drop a slot that nobody reads; False if there is none.  Needs the superuser.

    Raises:
        Outage: unknown; look again.
    """
    return bool(await pool.fetch(_DROP, name))


def _slot(row: Any) -> Slot:
    return Slot(
        name=row["slot_name"],
        kind=row["slot_type"],
        is_active=row["active"],
        is_lost=row["is_lost"],
        held_bytes=row["held_bytes"],
        idle_s=row["idle_s"],
    )
