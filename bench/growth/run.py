"""``./run bench growth``: fill, stop, measure, tell."""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from bench import machine, processes
from bench.growth import bytes as stored
from bench.growth.beside import Orders
from bench.growth.crowd import received_bytes
from bench.growth.page import render
from bench.growth.side import Side, open_side
from bench.measure import Failed
from bench.session import say
from kaipiao.app.clock import SystemClock
from kaipiao.ledger.embedded.passwords import APP
from kaipiao.ledger.embedded.remove import remove_database
from kaipiao.ledger.embedded.server import EmbeddedPostgres

MILLION = 1_000_000
STOPS = (0, 1, 2, 5, 10, 20, 50, 100)
BYTES_AN_INVOICE, SPARE_BYTES = 900, 8 << 30
"""What must be free: tables, tiles, archive; and the write-ahead log with some room."""

CONTROL = MILLION
CROWD, FEW = 512, 64
OFFERED_PER_S = 2_662
"""230 million a day."""


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    scratch = Path(tempfile.mkdtemp(prefix="kaipiao-growth-", dir=asked.scratch))
    scratch.chmod(0o711)  # PostgreSQL may run as another user, who must get through
    try:
        found = asyncio.run(grow(asked, scratch))
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\n{render(found)}")
    return 0


async def grow(asked: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Every figure.  Raises Failed."""
    need = int(asked.millions * MILLION * BYTES_AN_INVOICE) + SPARE_BYTES
    if (free := stored.free_bytes(scratch)) < need:
        raise Failed(f"needs {need / 1e9:.0f} GB free in {scratch}, there are {free / 1e9:.0f}")
    async with _running(scratch) as (server, grown, control):
        return await _measure_all(asked, scratch, server, grown, control)


async def _measure_all(
    asked: argparse.Namespace, scratch: Path, server: EmbeddedPostgres, grown: Side, control: Side
) -> dict[str, Any]:
    say(f"control: {CONTROL:,}")
    await control.fill(CONTROL)
    stops = [int(stop * MILLION) for stop in STOPS if stop < asked.millions]
    found = [
        await _stop(asked, server, grown, control, stop)
        for stop in [*stops, int(asked.millions * MILLION)]
    ]
    return {
        "date": SystemClock().now().date().isoformat(),
        "machine": machine.describe(scratch, "embedded"),
        "received_bytes": received_bytes(grown.crowd),
        "stops": found,
        "archive": await _archive(asked, grown) if asked.archive else None,
    }


async def _stop(
    asked: argparse.Namespace, server: EmbeddedPostgres, grown: Side, control: Side, stop: int
) -> dict[str, Any]:
    """Fill up to there, then measure."""
    before, had = await stored.written(server.dsn_root), grown.crowd.count
    seconds = await grown.fill(max(0, stop - had))
    lag_s = await grown.until_ordered()
    filled = grown.crowd.count - had
    after = await stored.written(server.dsn_root)
    found: dict[str, Any] = {"invoices": grown.crowd.count, "filled": filled, "lag_s": lag_s}
    if filled:
        found["fill_per_s"] = filled / seconds
        found["wal"] = {name: (after[name] - before[name]) / filled for name in after}
        found["checkpoints"] = after["checkpoints"] - before["checkpoints"]
    found["sides"] = await _rounds(asked, {"grown": grown, "control": control})
    found["look_ups"] = await grown.look_up() if grown.crowd.count else {}
    found["tables"] = await stored.table_bytes(grown.owner)
    found["tiles_bytes"] = processes.bytes_in(grown.folder / "evidence")
    found["issued"] = grown.crowd.count
    assert server.pid
    found["postgres_mb"] = stored.memory_mb(server.pid)
    for name, side in found["sides"].items():
        rates = f"bulk {side['bulk']:,.0f}/s, single {side['single']:,.0f}/s"
        say(f"{stop / MILLION:g} M, {name}: {rates}")
    return found


async def _rounds(asked: argparse.Namespace, sides: dict[str, Side]) -> dict[str, Any]:
    """The two in turns; medians."""
    rates: dict[str, dict[str, list[float]]] = {n: {"bulk": [], "single": []} for n in sides}
    latency: dict[str, dict[str, float]] = {}
    for _ in range(asked.rounds):
        for name, side in sides.items():
            rates[name]["bulk"].append(await side.bulk(asked.seconds))
            await side.until_ordered()
            rates[name]["single"].append((await side.singles(asked.seconds, CROWD))[0])
            await side.until_ordered()
    for name, side in sides.items():
        latency[name] = (await side.singles(asked.seconds, FEW))[1]
        await side.until_ordered()
    return {
        name: {kind: median(found) for kind, found in rates[name].items()}
        | {"latency_ms": latency[name], "rounds": rates[name]}
        for name in sides
    }


async def _archive(asked: argparse.Namespace, grown: Side) -> dict[str, Any]:
    """Latencies at a fixed rate without, and while full partitions are archived."""
    await grown.until_ordered()
    await asyncio.sleep(2)  # for the checkpoint of the log
    loop = asyncio.get_running_loop()
    end = loop.time() + 4 * asked.seconds
    quiet = await grown.offered(OFFERED_PER_S, lambda: loop.time() > end)
    before = await stored.table_bytes(grown.owner)
    orders = Orders("archive", [grown.owner], [str(grown.folder)])
    process = _start(orders, stdout=subprocess.PIPE)
    with processes.ending(process):
        assert process.stdin
        reading = loop.run_in_executor(None, process.stdout.read)  # type: ignore[union-attr]
        busy = await grown.offered(OFFERED_PER_S, lambda: process.poll() is not None)
        steps = [msgspec.json.decode(line) for line in (await reading).splitlines()]
    if process.returncode:
        raise Failed("archiving failed; what it said is above")
    return {
        "offered_per_s": OFFERED_PER_S,
        "quiet": quiet,
        "archiving": busy,
        "steps": steps,
        "batch_bytes": [before["batch"], (await stored.table_bytes(grown.owner))["batch"]],
        "look_ups": await grown.look_up(),
    }


@asynccontextmanager
async def _running(scratch: Path) -> AsyncIterator[tuple[EmbeddedPostgres, Side, Side]]:
    server = EmbeddedPostgres(scratch / "cell")
    await server.start()
    try:
        grown = await open_side(server, "grown", scratch)
        control = await open_side(server, "control", scratch)
        sides = (grown, control)
        dsns = [server.dsn(APP, database=side.name) for side in sides]
        log = _start(Orders("log", dsns, [str(side.folder) for side in sides]))
        with processes.ending(log):
            yield server, grown, control
            for side in sides:
                await side.store.close()
    finally:
        await server.stop()
        remove_database(scratch / "cell")


def _start(orders: Orders, stdout: processes.Stream = None) -> "subprocess.Popen[bytes]":
    process = processes.python("bench.growth.beside", stdin=subprocess.PIPE, stdout=stdout)
    assert process.stdin
    process.stdin.write(msgspec.json.encode(orders) + b"\n")
    process.stdin.flush()
    return process


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run bench growth", description="Rates, latencies and bytes as the ledger fills."
    )
    parser.add_argument("--millions", type=float, default=20.0, metavar="N", help="default 20")
    parser.add_argument("--json", type=Path, metavar="F", help="write all figures there")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="default 3")
    parser.add_argument(
        "--seconds", type=float, default=4.0, metavar="S", help="of each measurement; default 4"
    )
    parser.add_argument("--scratch", metavar="DIR", help="a folder on the disk to measure")
    parser.add_argument(
        "--archive", action="store_true", help="at the end archive what is full, under load"
    )
    return parser
