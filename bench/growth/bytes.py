"""Where the bytes go: tables, the write-ahead log, memory."""

import os
from pathlib import Path
from typing import Any

import asyncpg

from bench import processes

FAMILIES = ("batch", "invoice_index", "invoice_key", "log_batch", "number_block")
"""A partition counts for its parent; all else is ``other``."""

_SIZES = """
SELECT coalesce(parent.relname, c.relname)::text AS family,
       sum(pg_total_relation_size(c.oid))::bigint AS bytes,
       sum(pg_indexes_size(c.oid))::bigint AS index_bytes
  FROM pg_class AS c
  LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
  LEFT JOIN pg_class AS parent ON parent.oid = i.inhparent
 WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
 GROUP BY 1
"""
_WAL = "SELECT wal_records, wal_fpi, wal_bytes::bigint, wal_buffers_full FROM pg_stat_wal"
_CHECKPOINTS = """
SELECT num_timed + num_requested AS checkpoints, buffers_written FROM pg_stat_checkpointer
"""


async def table_bytes(dsn: str) -> dict[str, dict[str, int]]:
    """By family: all bytes, and those of its indexes."""
    rows = await _ask(dsn, _SIZES)
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        family = row["family"] if row["family"] in FAMILIES else "other"
        sizes = found.setdefault(family, {"bytes": 0, "index_bytes": 0})
        sizes["bytes"] += row["bytes"]
        sizes["index_bytes"] += row["index_bytes"]
    return found


async def written(dsn: str) -> dict[str, int]:
    """So far, of the whole server: WAL records, full-page images, bytes; checkpoints."""
    (wal,) = await _ask(dsn, _WAL)
    (checkpoints,) = await _ask(dsn, _CHECKPOINTS)
    return {**dict(wal), **dict(checkpoints)}


def memory_mb(pid: int) -> float:
    """Of the whole server, shared pages counted once (PSS)."""
    total_kb = 0
    for seen in processes.below(pid):
        try:
            text = Path(f"/proc/{seen.pid}/smaps_rollup").read_text()
        except OSError:  # it is gone, or belongs to someone else
            continue
        total_kb += sum(int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")
    return total_kb / 1024


def free_bytes(folder: Path) -> int:
    stat = os.statvfs(folder)
    return stat.f_bavail * stat.f_frsize


async def _ask(dsn: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()
