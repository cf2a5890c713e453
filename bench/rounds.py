"""What is measured, in which order: the quick round, and the whole.

A whole run first tries each stack with several numbers of connections and gives it the one with
which it did best; a quick one takes the first of them.
"""

import time
from contextlib import suppress
from typing import NamedTuple

from bench.distant import distant_standby
from bench.measure import Failed
from bench.proofs import leaves_per_s, receipts_per_s
from bench.session import Session, say
from bench.stages import stages_us

PEAK_PER_S = 12_800
"""The holiday peak that the product is made for."""

CONNECTIONS = {
    "single": (256, 128, 512),
    "naive": (32, 16, 64),
    "good": (32, 64, 128),
    "bare_path": (256, 128, 512),
    "bulk": (32, 8, 16),
}
RAW, OPEN, CROWD = 256, 512, 1_024
BATCH = 100
TRIAL_S = 2.0
DELAY_MS = 10.0
LOADS = (50, 80, 90)
LOGGED_WITHIN_S = 60.0
QUICK_S = 55.0


class Extras(NamedTuple):
    """What is found once, beside the rates."""

    leaves_per_s: float
    receipts_per_s: float
    stages_us: dict[str, float]
    server_rss_mb: float
    bytes_per_invoice: float
    received_bytes: float
    logged_after_s: float
    delay_found_ms: float = 0.0


Chosen = dict[str, int]
"""By stack: how many connections it is asked over."""


def first_choice() -> Chosen:
    return {name: counts[0] for name, counts in CONNECTIONS.items()}


def best_choice(session: Session) -> Chosen:
    """Try them all, shortly."""
    measure_s, session.pace.measure_s = session.pace.measure_s, TRIAL_S
    chosen = {}
    for name, counts in CONNECTIONS.items():
        rates = {count: _most(session, f"trial_{name}_{count}", name, count) for count in counts}
        chosen[name] = max(rates, key=rates.__getitem__)
    session.pace.measure_s = measure_s
    return chosen


def _most(session: Session, name: str, stack: str, connections: int) -> float:
    batch = BATCH if stack == "bulk" else 0
    return session.load(name, stack, connections=connections, batch=batch).invoices_per_s


def one_round(session: Session, chosen: Chosen) -> None:
    """Every stack at its most, one after the other."""
    for name in ("single", "naive", "good", "bare_path", "bulk"):
        _most(session, name, name, chosen[name])
    session.copy()
    session.load("hot_seller", "single", connections=chosen["single"], sellers=1)


def open_rounds(session: Session, shares: tuple[int, ...]) -> None:
    """Latencies at the peak and at so many percent of the most that was found.

    What the others left to be written and vacuumed (a COPY leaves a gigabyte) is written first,
    and their database rests: it would be their load that we measure.
    """
    with session.settled():
        session.load("offered_12800", "single", connections=OPEN, rate=PEAK_PER_S)
        for percent in shares:
            rate = session.per_s("single") * percent / 100
            session.load(f"single_at_{percent}", "single", connections=OPEN, rate=rate)


def distant_round(session: Session) -> float:
    """The same crowd with and without ten milliseconds on every commit; what a lone caller saw."""
    session.load("crowd", "single", connections=CROWD)
    session.load("lone", "single", connections=1)
    with distant_standby(session.cell.dsn_root, delay_ms=DELAY_MS):
        session.load("crowd_distant", "single", connections=CROWD)
        session.load("lone_distant", "single", connections=1)
    added_ms: float = session.latency_ms("lone_distant", "p50_ms")
    return added_ms - session.latency_ms("lone", "p50_ms")


def run_quick(session: Session, until: float) -> Extras:
    """One short round; paced so that it ends in time even where setting up was slow."""
    before = Stock(session)
    runs_left = 10
    left_s = until - time.monotonic() - 12.0  # the log, the proofs, the stages, the stop
    session.pace.measure_s = min(2.5, max(0.7, left_s / runs_left - session.pace.warm_s - 0.6))
    session.load("raw", "raw", connections=RAW)
    one_round(session, first_choice())
    open_rounds(session, (80,))
    return extras(session, before, seconds=0.7, within_s=max(1.0, until - time.monotonic() - 7.0))


def run_whole(session: Session, rounds: int) -> Extras:
    before = Stock(session)
    session.load("raw", "raw", connections=RAW)
    chosen = best_choice(session)
    for number in range(1, rounds + 1):
        say(f"round {number} of {rounds}")
        one_round(session, chosen)
        open_rounds(session, LOADS)
    delay_ms = distant_round(session)
    found = extras(session, before, seconds=3.0, within_s=LOGGED_WITHIN_S)
    return found._replace(delay_found_ms=delay_ms)


class Stock:
    """What the cell held at one moment."""

    def __init__(self, session: Session) -> None:
        self.invoices = session.cell.count_issued()
        self.stored_bytes = session.cell.stored_bytes()


def extras(session: Session, before: Stock, *, seconds: float, within_s: float) -> Extras:
    cell, scratch = session.cell, session.scratch
    rss_mb = cell.server_rss_mb()
    logged_after_s = within_s
    with suppress(Failed):  # a quick run does not wait for ever; the figure says how long it did
        logged_after_s = cell.wait_until_logged(within_s=within_s)
    after = Stock(session)
    issued = after.invoices - before.invoices
    say(f"{issued:,} invoices issued; the log had them all after {logged_after_s:.1f} s")
    drafts = session.drafts.read_bytes()
    found = Extras(
        leaves_per_s=leaves_per_s(scratch / "leaves", seconds=seconds),
        receipts_per_s=receipts_per_s(scratch / "receipts", seconds=seconds),
        stages_us=stages_us(seconds=seconds / 10),
        server_rss_mb=rss_mb,
        bytes_per_invoice=(after.stored_bytes - before.stored_bytes) / issued,
        received_bytes=(len(drafts) - drafts.count(b"\n")) / drafts.count(b"\n"),
        logged_after_s=logged_after_s,
    )
    say(f"log {found.leaves_per_s:,.0f} leaves/s, {found.receipts_per_s:,.0f} receipts/s judged")
    return found
