"""One measurement: a stack, a load, and what both cost."""

import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from functools import reduce
from operator import add

import msgspec

from bench import processes
from bench.histogram import Histogram
from bench.order import Order, Report

SHARES = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999}
ENDS_LATE_S = 40.0


class Failed(Exception):
    """A measurement that must not be believed."""


class Measured(msgspec.Struct, kw_only=True):
    """What one measurement found.  CPU is microseconds an invoice."""

    name: str
    invoices_per_s: float
    latency_ms: dict[str, float]
    cpu_us: dict[str, float]
    connections: int
    offered_per_s: float = 0.0
    batch: int = 0
    invoices: int = 0
    load_request_us: float = 0.0
    load_late_p99_ms: float = 0.0


class Stack(msgspec.Struct, kw_only=True):
    """Something that issues invoices over HTTP, and the processes that it is made of."""

    name: str
    port: int
    roots: tuple[int, ...]
    path: str = "/v1/invoices"
    host: str = "127.0.0.1"
    tokens: list[str] = msgspec.field(default_factory=list)

    def spent_s(self) -> dict[str, float]:
        """CPU seconds so far, by part."""
        return processes.cpu_by_role(*self.roots)


def measure(name: str, stack: Stack, order: Order, *, generators: int = 1) -> Measured:
    """Put the load on and wait for the end.

    Raises:
        Failed: the stack answered something that is no success, or not at all.
    """
    parts = [_part(order, place, generators) for place in range(generators)]
    with ExitStack() as running:
        loads = [running.enter_context(processes.ending(_start(part))) for part in parts]
        for load in loads:
            _read(load, stack.name)
        before = stack.spent_s()
        said = [_read(load, stack.name) for load in loads]
        after = stack.spent_s()
    reports = [msgspec.json.decode(line, type=Report) for line in said]
    return _compose(name, order, reports, before, after)


def _part(order: Order, place: int, generators: int) -> Order:
    """Each generator's share of the connections and of the rate, under keys of its own."""
    return msgspec.structs.replace(
        order,
        keys=f"{order.keys}{place}-",
        connections=max(1, order.connections // generators),
        rate=order.rate / generators,
    )


def _start(order: Order) -> "subprocess.Popen[bytes]":
    load = processes.python("bench.load", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert load.stdin
    load.stdin.write(msgspec.json.encode(order) + b"\n")
    load.stdin.flush()
    return load


def _read(load: "subprocess.Popen[bytes]", stack: str) -> bytes:
    assert load.stdout
    line = load.stdout.readline()
    if not line:
        raise Failed(f"the load on {stack} failed; what it said is above")
    return line


def _compose(
    name: str,
    order: Order,
    reports: Sequence[Report],
    before: dict[str, float],
    after: dict[str, float],
) -> Measured:
    invoices = sum(report.invoices for report in reports)
    requests = sum(report.requests for report in reports)
    latency: Histogram = reduce(add, (report.latency for report in reports))
    spent = {role: cpu_s - before.get(role, 0.0) for role, cpu_s in after.items()}
    load_us = sum((r.user_us + r.system_us) * r.requests for r in reports)
    cpu_us = {role: cpu_s * 1e6 / max(invoices, 1) for role, cpu_s in spent.items()}
    shares = {share: latency.ms(part) for share, part in SHARES.items()}
    return Measured(
        name=name,
        invoices_per_s=sum(report.invoices_per_s for report in reports),
        latency_ms=shares | {"max_ms": latency.max_ms},
        cpu_us=cpu_us | {"load": load_us / max(invoices, 1)},
        connections=order.connections,
        offered_per_s=order.rate,
        batch=order.batch,
        invoices=invoices,
        load_request_us=load_us / max(requests, 1),
        load_late_p99_ms=max(report.late_p99_ms for report in reports),
    )
