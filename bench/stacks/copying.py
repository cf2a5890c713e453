"""The ceiling: binary COPY of the same fat rows, primary key and unique index, and no HTTP.

    python -m bench.stacks.copying DRAFTS FIRST SECONDS      BENCH_DSN names the database

Two connections copy a thousand rows at a time, each batch its own commit.  Prints JSON: rows,
seconds, and this process's own CPU.  FIRST is the first serial; each run takes its own.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import asyncpg
import uvloop
from asyncpg.pgproto.pgproto import UUID

from kaipiao.app.clock import SystemClock

ROWS = 1_000
CONNECTIONS = 2
COLUMNS = ("number", "key", "seller", "issued_at", "net_fen", "tax_fen", "draft")


def rows(drafts: list[tuple[str, int, int, bytes]], first: int) -> Iterator[tuple[Any, ...]]:
    """For ever: the next row."""
    serial, clock = first, SystemClock()
    while True:
        issued_at = clock.now()
        for seller, net_fen, tax_fen, draft in drafts:
            key = UUID(os.urandom(16))
            yield f"26311{serial:015}", key, seller, issued_at, net_fen, tax_fen, draft
            serial += 1


def read(path: Path) -> list[tuple[str, int, int, bytes]]:
    found = []
    for text in path.read_bytes().splitlines():
        draft = json.loads(text)
        net_fen = sum(line["net_fen"] for line in draft["lines"])
        found.append((draft["seller"]["taxpayer_id"], net_fen, net_fen * 13 // 100, text))
    return found


async def copy(connection: Any, endless: Iterator[tuple[Any, ...]], until: float) -> int:
    """Copy until then; how many rows are durable."""
    copied = 0
    while perf_counter() < until:
        await connection.copy_records_to_table(
            "copy_invoice", records=list(islice(endless, ROWS)), columns=COLUMNS
        )
        copied += ROWS
    return copied


async def run(path: Path, first: int, seconds: float) -> None:
    endless = rows(read(path), first)
    dsn = os.environ["BENCH_DSN"]
    connections = [await asyncpg.connect(dsn) for _ in range(CONNECTIONS)]
    began, spent = perf_counter(), process_time()
    until = began + seconds
    counts = await asyncio.gather(*(copy(one, endless, until) for one in connections))
    took, spent = perf_counter() - began, process_time() - spent
    print(json.dumps({"rows": sum(counts), "seconds": took, "client_s": spent}))


if __name__ == "__main__":
    uvloop.run(run(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
