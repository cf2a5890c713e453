"""The audit log's rows: written once, by one function of the database, and never changed.

The role that servers use may not even insert: ``append_audit`` gives each event its place and
writes it in one statement.  See migration 0006 for what the database itself refuses.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kaipiao.fiscal.audit import AuditEvent, compose_event, event_content, leaf_of_event
from kaipiao.fiscal.leaf import SALT_BYTES
from kaipiao.ledger.pool import Pool
from kaipiao.ports import AuditQuery, Recorded

_APPEND = "SELECT append_audit($1, $2, $3, $4, $5, $6)"
_COLUMNS = "log_index, salt, content"
_PAGE = f"""
SELECT {_COLUMNS} FROM audit_event
 WHERE ($1 = '' OR actor = $1) AND ($2 = '' OR action = $2) AND ($3 = '' OR object = $3)
   AND ($4 = '*' OR tenant = $4)
   AND ($5 = '' OR at >= $5) AND ($6 = '' OR at < $6)
   AND ($7::bigint IS NULL OR log_index < $7)
 ORDER BY log_index DESC LIMIT $8
"""
_UNANSWERED = f"""
SELECT {_COLUMNS} FROM audit_open JOIN audit_event USING (event_id)
 WHERE written_at < now() - make_interval(secs => $1) ORDER BY log_index LIMIT $2
"""
_FORGETTABLE = """
SELECT max(log_index) FROM audit_event
 WHERE recorded_at < now() - make_interval(days => $1)
   AND log_index < coalesce((SELECT min(log_index) FROM audit_event
                              WHERE recorded_at >= now() - make_interval(days => $1)), 2^62)
"""


class AuditRows:
    """Implements ports.AuditTrail."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def append(self, events: Sequence[AuditEvent]) -> None:
        events = [compose_event(event) for event in events]
        contents = [event_content(event) for event in events]
        salts = [os.urandom(SALT_BYTES) for _ in events]
        await self._pool.fetchval(
            _APPEND,
            [event.event_id for event in events],
            salts,
            [leaf_of_event(*pair) for pair in zip(contents, salts, strict=True)],
            [content.decode() for content in contents],
            [event.stage == "asked" for event in events],
            [event.about for event in events if event.about],
        )

    async def page(
        self, wanted: AuditQuery, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Recorded]:
        rows = await self._pool.fetch(
            _PAGE,
            wanted.actor,
            wanted.action,
            wanted.object,
            wanted.tenant,
            _text(wanted.since),
            _text(wanted.until),
            before,
            limit,
        )
        return [_recorded(row) for row in rows]

    async def read(self, event_id: str) -> Recorded | None:
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM audit_event WHERE event_id = $1", event_id
        )
        return _recorded(row) if row else None

    async def kept(self) -> tuple[int, int]:
        row = await self._pool.fetchrow(
            "SELECT size, coalesce((SELECT min(log_index) FROM audit_event), size) AS first"
            " FROM audit_state"
        )
        return row["first"], row["size"]

    async def unanswered(self, *, older_than_s: float, limit: int = 100) -> Sequence[Recorded]:
        rows = await self._pool.fetch(_UNANSWERED, older_than_s, limit)
        return [_recorded(row) for row in rows]

    async def forgettable(self, *, days: int) -> int | None:
        last: int | None = await self._pool.fetchval(_FORGETTABLE, days)
        return last

    async def forget(self, *, days: int, through: int) -> int:
        first: int = await self._pool.fetchval("SELECT forget_audit($1, $2)", days, through)
        return first


class AuditOrder:
    """Implements ports.LeafOrder for the second log: every event has its place already."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def sequence(self) -> int:
        size: int = await self._pool.fetchval("SELECT size FROM audit_state")
        return size

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        rows = await self._pool.fetch(
            "SELECT leaf FROM audit_leaf WHERE log_index >= $1 ORDER BY log_index LIMIT $2",
            start,
            limit,
        )
        return [row["leaf"] for row in rows]


def _text(instant: datetime | None) -> str:
    """As an event's ``at`` begins; a fraction of a second, or the Z, sorts behind it."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}" if instant else ""


def _recorded(row: Any) -> Recorded:
    return Recorded(index=row["log_index"], salt=row["salt"], content=row["content"].encode())
