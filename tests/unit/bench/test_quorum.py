"""Ratios are taken round by round, and every part of a stack is told by its name."""

from bench.measure import Measured
from bench.processes import Seen
from bench.quorum import figures
from bench.quorum.members import part_of
from bench.quorum.rounds import ALONE, LOADS, ONE, QUORUM, SIDES, Found, turned


def measured(per_s: float, ms: float, **cpu_us: float) -> Measured:
    return Measured(
        name="any",
        invoices_per_s=per_s,
        latency_ms={"p50_ms": ms, "p99_ms": 2 * ms},
        cpu_us=cpu_us,
        connections=1,
    )


def found(rates: dict[str, list[float]]) -> Found:
    return {
        side: {
            load: [measured(one, 1e3 / one, postgres=10, load=99) for one in each] for load in LOADS
        }
        for side, each in rates.items()
    }


def test_a_ratio_is_the_median_of_the_rounds_ratios_with_its_spread() -> None:
    """Not the ratio of medians: the second round was on a busy machine, for both."""
    told = figures.ratios(found({ONE: [100, 10, 100], QUORUM: [50, 6, 40], ALONE: [50, 6, 40]}))
    ratio = told["invoices/s, one by one"]["three with a quorum / one machine"]

    assert (ratio.least, ratio.middle, ratio.most) == (0.4, 0.5, 0.6)
    assert told["invoices/s, bulk"]["with a quorum / not waited for"].middle == 1
    assert told["p50, a lone caller"]["three with a quorum / one machine"].middle == 2


def test_the_load_generator_is_no_part_of_the_price() -> None:
    one = {ONE: [1.0], QUORUM: [1.0], ALONE: [1.0]}
    assert figures.ratios(found(one))["CPU an invoice, bulk"]["with a quorum / not waited for"] == (
        1.0,
        1.0,
        1.0,
    )


def test_every_side_is_first_once_in_three_rounds() -> None:
    orders = [turned(number) for number in (1, 2, 3)]
    assert {order[0] for order in orders} == {order[-1] for order in orders} == set(SIDES)


def test_the_standbys_copies_are_told_apart_from_the_primary() -> None:
    def seen(name: str) -> Seen:
        return Seen(1, 1, name, 0.0, 0)

    assert part_of("postgres", seen("postgres: walwriter"), leads=True) == "postgres"
    assert part_of("postgres", seen("postgres: startup"), leads=False) == "standbys"
    assert part_of("cell", seen("python -m kaipiao.app.work"), leads=False) == "work"
    assert part_of("cell", seen("python -m kaipiao.app.serve"), leads=True) == "server"
    assert part_of("route", seen("envoy"), leads=False) == "route"
    assert {"postgres", "standbys", "work", "server", "route"} <= set(figures.PARTS)
