"""A histogram tells latencies to two percent, never too short, and adds up."""

import math

from hypothesis import given
from hypothesis import strategies as st

from bench.histogram import WIDTH, Histogram

LATENCIES_S = st.lists(st.floats(min_value=1e-6, max_value=100.0), min_size=1, max_size=200)
SHARES = st.sampled_from([0.5, 0.9, 0.99, 0.999, 1.0])


def exact_ms(latencies_s: list[float], share: float) -> float:
    return sorted(latencies_s)[math.ceil(len(latencies_s) * share) - 1] * 1e3


@given(LATENCIES_S, SHARES)
def test_a_percentile_is_the_exact_one_or_at_most_a_bucket_longer(
    latencies_s: list[float], share: float
) -> None:
    told, exact = Histogram.of(latencies_s).ms(share), exact_ms(latencies_s, share)

    assert exact * (1 - 1e-9) <= told <= exact * WIDTH * (1 + 1e-9)


@given(LATENCIES_S, LATENCIES_S, SHARES)
def test_two_generators_add_up_to_one(one: list[float], other: list[float], share: float) -> None:
    together = Histogram.of(one) + Histogram.of(other)

    assert together.count == len(one) + len(other)
    assert together.ms(share) == Histogram.of(one + other).ms(share)
    assert together.max_ms == max(one + other) * 1e3


def test_nothing_measured_is_nothing() -> None:
    assert Histogram.of([]).ms(0.99) == 0.0
