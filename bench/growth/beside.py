"""What runs beside the issuing process: ``log`` orders and publishes, ``archive`` archives.

Started as ``python -m bench.growth.beside`` with its orders in one line of standard input; ``log``
goes on until that is closed.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.errors import Outage
from kaipiao.evidence.disk import LocalDisk
from kaipiao.evidence.keys import open_key
from kaipiao.evidence.proven import ProvenLeaves
from kaipiao.evidence.run import run_log
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.month import next_month, tax_month
from kaipiao.ledger.archive.archiver import open_archiver
from kaipiao.ledger.store import Store

ORIGIN = "kaipiao.localhost/growth"
NEXT_MONTH = timedelta(days=40)


class Orders(msgspec.Struct, frozen=True):
    """``dsns`` and ``folders`` of the databases; ``archive`` takes the first, as their owner."""

    task: str
    dsns: list[str]
    folders: list[str]


async def write_logs(orders: Orders) -> None:
    stop = asyncio.Event()
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.buffer.read)
    reading.add_done_callback(lambda _: stop.set())
    pairs = zip(orders.dsns, orders.folders, strict=True)
    await asyncio.gather(*(_write_log(dsn, Path(folder), stop) for dsn, folder in pairs))


async def _write_log(dsn: str, folder: Path, stop: asyncio.Event) -> None:
    clock = SystemClock()
    store = await Store.open(dsn, clock=clock, area=31, channel=1)
    signer = open_key(folder / "secrets", ORIGIN)
    disk = LocalDisk(folder / "evidence")
    writer = LogWriter(order=store.order, heads=store.heads, disk=disk, signer=signer, clock=clock)
    await run_log(writer, stop=stop)
    await store.close()


async def archive(orders: Orders) -> None:
    """All full partitions, as an operator would next month; one line of JSON a step."""
    os.nice(10)
    folder, now = Path(orders.folders[0]), SystemClock().now()
    key = open_key(folder / "secrets", ORIGIN).verifier
    log = ProvenLeaves(lambda name: (folder / "evidence" / name).read_bytes(), key)
    before = next_month(tax_month(now))
    async with open_archiver(orders.dsns[0], folder / "archive", log, now + NEXT_MONTH) as archiver:
        async for step in archiver.run(before):
            print(msgspec.json.encode(step).decode(), flush=True)


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    try:
        asyncio.run(archive(orders) if orders.task == "archive" else write_logs(orders))
    except Outage as outage:
        sys.exit(f"bench: {outage}")


if __name__ == "__main__":
    main()
