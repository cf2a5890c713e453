"""``./run bench sheets``: reading a sheet to drafts, and a list of a million invoices going out.

Each is done by a process of its own, as the product does it, whose memory at its largest is told by
the kernel.  The list is read from a real ledger by the very program that a server starts.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from bench.growth.crowd import Crowd
from kaipiao.app.clock import SystemClock
from kaipiao.app.orders import Orders, encode_orders
from kaipiao.app.settings import Settings
from kaipiao.delivery.sheets.layout import (
    BASIC,
    BASIC_COLUMNS,
    DETAIL,
    DETAIL_COLUMNS,
    KEY,
    Column,
)
from kaipiao.delivery.sheets.read import read_sheet
from kaipiao.delivery.sheets.streamed import StreamedWorkbook
from kaipiao.delivery.sheets.template import BUYER, ISSUER, SELLER
from kaipiao.fiscal.month import tax_month
from kaipiao.ledger.embedded.passwords import APP, OWNER
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.server import EmbeddedPostgres
from kaipiao.ledger.migrate import migrate
from kaipiao.ledger.store import Store

INVOICES = 50_000
ROWS_GOAL_PER_S = 20_000
MEMORY_GOAL_MB = 300
FILL_AT_ONCE = 2_000
PLENTY_FEN = 10**17


class Figure(NamedTuple):
    """One thing done once: how many rows, what it took, and the memory at its largest."""

    what: str
    rows: int
    cost: "Cost"
    file_bytes: int


class Cost(NamedTuple):
    """Of one process, its start included."""

    seconds: float  # by the clock on the wall, whoever else was at work
    cpu_s: float
    memory_mb: int


def main(argv: Sequence[str]) -> int:
    asked = _parser().parse_args(argv)
    if asked.read:  # the child that is measured
        print(sum(1 for _ in read_sheet(asked.read.read_bytes())))
        return 0
    with tempfile.TemporaryDirectory(prefix="kaipiao-sheets-", dir=asked.scratch) as name:
        scratch = Path(name)
        scratch.chmod(0o711)  # PostgreSQL may run as another user, who must get through
        try:
            figures = [measure_reading(scratch)]
            print(_row(figures[0]), flush=True)
            figures += asyncio.run(measure_lists(asked, scratch))
        finally:
            remove_database(scratch)
    if asked.json:
        asked.json.write_bytes(msgspec.json.encode(figures) + b"\n")
    return 0


def measure_reading(scratch: Path) -> Figure:
    """A workbook of 50,000 invoices to drafts, start of the process included."""
    path = scratch / "big.xlsx"
    write_big_sheet(path)
    cost, _ = _run([sys.executable, "-m", "bench.sheets", "--read", str(path)])
    return Figure("read xlsx", 2 * INVOICES, cost, path.stat().st_size)


def write_big_sheet(path: Path) -> None:
    with path.open("wb") as file, StreamedWorkbook(file) as book:
        for name, columns in ((BASIC, BASIC_COLUMNS), (DETAIL, DETAIL_COLUMNS)):
            book.begin(name, head=[column.heading for column in columns])
            for number in range(INVOICES):
                book.write(_cells(columns, number))


def _cells(columns: Sequence[Column], number: int) -> list[str]:
    texts = [one.example.format(seller=SELLER, buyer=BUYER, issuer=ISSUER) for one in columns]
    texts[[one.heading for one in columns].index(KEY)] = f"sale-{number}"
    return texts


async def measure_lists(asked: argparse.Namespace, scratch: Path) -> list[Figure]:
    server = EmbeddedPostgres(scratch)
    await server.start()
    try:
        await migrate(server.dsn(OWNER))
        seller = await fill(server.dsn(APP), asked.invoices)
        orders = encode_orders(
            Orders(settings=Settings(data=str(scratch)), dsn=server.dsn(APP), name="export")
        )
        figures = []
        for form in asked.form or ["xlsx"]:
            figures.append(_list(orders, seller, form, asked.invoices))
            print(_row(figures[-1]), flush=True)
        return figures
    finally:
        await server.stop()


async def fill(dsn: str, count: int) -> str:
    """So many invoices of one seller, each with its place in the log; whose they are."""
    clock, crowd = SystemClock(), Crowd("s", sellers=1)
    store = await Store.open(dsn, clock=clock, area=31, channel=1)
    (seller,) = crowd.sellers
    await store.credit.grant(seller, PLENTY_FEN, month=tax_month(clock.now()))
    began = time.monotonic()
    try:
        for done in range(0, count, FILL_AT_ONCE):
            await store.ledger.record_all(crowd.take(min(FILL_AT_ONCE, count - done)))
            await store.order.sequence()
    finally:
        await store.close()
    print(f"filled {count:,} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return seller


def _list(orders: bytes, seller: str, form: str, count: int) -> Figure:
    command = [sys.executable, "-m", "kaipiao.app.export", seller, form, "-", "-"]
    cost, size = _run(command, orders)
    return Figure(f"list {form}", count, cost, size)


def _run(command: list[str], said: bytes = b"") -> tuple[Cost, int]:
    """What it cost, and how many bytes it said."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(said)
    child.stdin.flush()
    size = 0
    while piece := child.stdout.read(1 << 20):
        size += len(piece)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, command
    cpu_s = usage.ru_utime + usage.ru_stime
    return Cost(time.monotonic() - began, cpu_s, usage.ru_maxrss // 1024), size


def _row(figure: Figure) -> str:
    goals: dict[str, Any] = {
        "read xlsx": f"goal {ROWS_GOAL_PER_S:,}/s",
        "list xlsx": f"goal {MEMORY_GOAL_MB} MB",
    }
    cost, rows = figure.cost, figure.rows
    return (
        f"{figure.what:11}  {rows:>9,} rows  {rows / cost.seconds:>8,.0f}/s on the wall  "
        f"{rows / cost.cpu_s:>8,.0f}/s of CPU  {cost.memory_mb:>4} MB  "
        f"{figure.file_bytes / 1e6:>6.1f} MB file  {goals.get(figure.what, '')}"
    ).rstrip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run bench sheets", description="Sheets read, and lists of invoices written."
    )
    parser.add_argument("--invoices", type=int, default=1_000_000, metavar="N", help="in a list")
    parser.add_argument(
        "--form", action="append", choices=["xlsx", "csv", "ndjson"], help="of lists; default xlsx"
    )
    parser.add_argument("--json", type=Path, metavar="F", help="write all figures there")
    parser.add_argument("--scratch", metavar="DIR", help="a folder on the disk to measure")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
