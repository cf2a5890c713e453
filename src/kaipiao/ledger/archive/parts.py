"""The partitions of ``batch``: which there are, what is in them, and why one may not go yet.

A partition may go once it can never change again.  That is not a matter of time: serials are
assigned from blocks, a commit locks its block's row, so when no block and no range can give a
serial of the partition any more, no batch will ever be added to it.
"""

import re
from datetime import datetime, timedelta
from typing import Any, Literal

import asyncpg
import msgspec

from kaipiao.fiscal.month import TaxMonth, month_bounds

PART_SERIALS = 2_000_000
"""Serials of a partition, as ``ensure_batch_partition`` cuts them."""

SETTLED_AFTER = timedelta(days=1)
"""Nobody asks after so long whether a commit of theirs exists: doubts end within seconds."""

State = Literal["attached", "pending", "detached"]
NotYet = Literal["open", "young", "unordered", "unpublished", "empty"]
"""Why a partition stays: numbers of it may still be assigned; an invoice in it is of that month
or later, or of the last day; one has no place in the log; no checkpoint covers one; or there is
nothing in it."""

_NAME = re.compile(r"batch_(\d{5})_(\d+)")

_PARTS = """
SELECT c.relname::text AS name, pg_total_relation_size(c.oid) AS bytes,
       CASE WHEN i.inhrelid IS NULL THEN 'detached'
            WHEN i.inhdetachpending THEN 'pending' ELSE 'attached' END AS state
  FROM pg_class AS p
  JOIN pg_class AS c ON c.relnamespace = p.relnamespace AND c.relkind = 'r'
  LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid AND i.inhparent = p.oid
 WHERE p.oid = 'batch'::regclass AND c.relname ~ '^batch_[0-9]{5}_[0-9]+$'
"""
_IS_OPEN = """
SELECT coalesce((SELECT next_serial < $3 FROM number_range WHERE series = $1), false)
    OR EXISTS (SELECT FROM number_block
                WHERE series = $1 AND next_serial <= last_serial
                  AND next_serial < $3 AND last_serial >= $2)
"""
_CONTENTS = """
SELECT count(*) AS batches, coalesce(sum(b.count), 0)::bigint AS invoices,
       min(b.first_serial) AS first_serial, max(b.first_serial + b.count - 1) AS last_serial,
       min(b.issued_at) AS first_at, max(b.issued_at) AS last_at,
       count(*) FILTER (WHERE l.first_index IS NULL) AS unordered,
       min(l.first_index) AS first_index, max(l.first_index + l.count - 1) AS last_index
  FROM {name} AS b LEFT JOIN log_batch AS l USING (series, first_serial)
"""


def part_name(series: int, serial: int) -> str:
    """The partition in which the batch that begins at this serial lies."""
    return f"batch_{series:05}_{serial // PART_SERIALS}"


class Part(msgspec.Struct, frozen=True):
    """One partition: serials from ``start`` to before ``end`` begin its batches."""

    name: str
    series: int
    slot: int
    state: State
    bytes: int

    @property
    def start(self) -> int:
        return self.slot * PART_SERIALS

    @property
    def end(self) -> int:
        return self.start + PART_SERIALS

    @property
    def year(self) -> int:
        return 2000 + self.series // 1000

    @property
    def file_name(self) -> str:
        return f"{self.name}.archive"


class Contents(msgspec.Struct, frozen=True):
    """What is in a partition."""

    batches: int
    invoices: int
    first_serial: int
    last_serial: int
    first_at: datetime
    last_at: datetime
    unordered: int
    first_index: int | None  # in the log; None while none of it has its place
    last_index: int | None


async def list_parts(connection: "asyncpg.Connection[Any]") -> list[Part]:
    """Every partition that is still in the database, detached or not, oldest numbers first."""
    parts = []
    for row in await connection.fetch(_PARTS):
        match = _NAME.fullmatch(row["name"])
        assert match
        parts.append(Part(row["name"], int(match[1]), int(match[2]), row["state"], row["bytes"]))
    return sorted(parts, key=lambda part: (part.series, part.slot))


async def is_open(connection: "asyncpg.Connection[Any]", part: Part, before: TaxMonth) -> bool:
    """Whether a batch may still be added.  A series whose year is over counts as closed here;
    ``close_serials`` makes it so."""
    if part.year < before // 100:
        return False
    found: bool = await connection.fetchval(_IS_OPEN, part.series, part.start, part.end)
    return found


async def contents_of(connection: "asyncpg.Connection[Any]", part: Part) -> Contents | None:
    """None if there is nothing in it."""
    row = await connection.fetchrow(_CONTENTS.format(name=part.name))
    return msgspec.convert(dict(row), Contents) if row["batches"] else None


def why_not_yet(
    contents: Contents, *, before: TaxMonth, now: datetime, log_size: int
) -> NotYet | None:
    """What keeps a closed partition in the database; None: it may go."""
    first_instant, _ = month_bounds(before)
    if contents.last_at >= min(first_instant, now - SETTLED_AFTER):
        return "young"
    if contents.unordered:
        return "unordered"
    assert contents.last_index is not None
    return "unpublished" if contents.last_index >= log_size else None
