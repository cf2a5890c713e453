"""What the rounds found, as ratios with their spread, and as tables."""

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from bench.measure import Measured
from bench.page import table
from bench.quorum.rounds import ALONE, LOADS, OFFERED_PER_S, ONE, QUORUM, SIDES, Found

PARTS = ("server", "postgres", "standbys", "route", "patroni", "work", "node")
WORDS = {
    "server": "servers",
    "postgres": "primary's PostgreSQL",
    "standbys": "standbys' PostgreSQL",
    "route": "route (Envoy)",
    "patroni": "Patroni",
    "work": "log and clocks",
    "node": "supervisors",
}


class Price(NamedTuple):
    """One ratio to be told: what of which load."""

    name: str
    load: str
    of: Callable[[Measured], float]


PRICES = (
    Price("invoices/s, one by one", "single", lambda one: one.invoices_per_s),
    Price("invoices/s, bulk", "bulk", lambda one: one.invoices_per_s),
    Price("p50, a lone caller", "lone", lambda one: one.latency_ms["p50_ms"]),
    Price(f"p50 at {OFFERED_PER_S:,}/s", "offered", lambda one: one.latency_ms["p50_ms"]),
    Price(f"p99 at {OFFERED_PER_S:,}/s", "offered", lambda one: one.latency_ms["p99_ms"]),
    Price("CPU an invoice, one by one", "single", lambda one: _cpu_us(one)),
    Price("CPU an invoice, bulk", "bulk", lambda one: _cpu_us(one)),
)
PAIRS = {
    "three with a quorum / one machine": (QUORUM, ONE),
    "three that do not wait / one machine": (ALONE, ONE),
    "with a quorum / not waited for": (QUORUM, ALONE),
}
"""The whole price; the price of three copies on one machine; the price of waiting."""


class Ratio(NamedTuple):
    middle: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.least:.2f}–{self.most:.2f})"


def ratios(found: Found) -> dict[str, dict[str, Ratio]]:
    """By price and pair: round by round, so that both sides share a minute."""
    return {
        price.name: {name: _ratio(price, found, *pair) for name, pair in PAIRS.items()}
        for price in PRICES
    }


def _ratio(price: Price, found: Found, over: str, under: str) -> Ratio:
    both = zip(found[over][price.load], found[under][price.load], strict=True)
    each = [price.of(one) / price.of(other) for one, other in both]
    return Ratio(median(each), min(each), max(each))


def _cpu_us(one: Measured) -> float:
    """All of the stack, without the load."""
    return sum(us for part, us in one.cpu_us.items() if part != "load")


def render_ratios(found: Found) -> str:
    rows = [(name, *map(str, by_pair.values())) for name, by_pair in ratios(found).items()]
    return table(("", *PAIRS), rows)


def render_rates(found: Found) -> str:
    """Medians over the rounds."""
    rows = [
        (
            f"{load}, {side}",
            _middle(one.invoices_per_s for one in found[side][load]),
            *(
                _middle(one.latency_ms[share] for one in found[side][load])
                for share in ("p50_ms", "p99_ms")
            ),
        )
        for load in LOADS
        for side in SIDES
    ]
    return table(("", "invoices/s", "p50 ms", "p99 ms"), rows)


def render_cpu(found: Found, idle: Sequence[dict[str, float]]) -> str:
    """CPU an invoice by part, and what three members spend on nobody's behalf."""
    columns = [(side, load) for load in ("single", "bulk") for side in (ONE, QUORUM)]
    rows = [
        (
            WORDS[part],
            *(
                _middle(o.cpu_us.get(part, 0.0) for o in found[side][load])
                for side, load in columns
            ),
            _middle(one.get(part, 0.0) for one in idle),
        )
        for part in PARTS
    ]
    head = [f"{load}, {side}: µs an invoice" for side, load in columns]
    return table(("", *head, "three, idle: ms a second"), rows)


def _middle(values: Iterable[float]) -> str:
    value = median(values)
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def as_json(found: Found, idle: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Every figure; the first keys are a contract for scripts."""
    told = ratios(found)
    by_quorum = {name: pairs[next(iter(PAIRS))]._asdict() for name, pairs in told.items()}
    return {
        "quorum_to_one_machine": by_quorum,
        "ratios": {n: {p: r._asdict() for p, r in pairs.items()} for n, pairs in told.items()},
        "idle_cpu_ms_per_s": list(idle),
        "measurements": found,
    }
