"""An allowance lets a second's worth through at once and never more than its rate for long."""

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.seal.allowance import Allowance


@given(st.integers(1, 1_000), st.lists(st.integers(1, 100), min_size=1, max_size=50))
def test_over_any_time_no_more_is_spent_than_the_rate_and_one_burst(
    per_second: int, lots: list[int]
) -> None:
    allowance, now, spent = Allowance(per_second, 0.0), 0.0, 0
    for lot in lots:
        now += allowance.wait_s(now)
        assert spent <= per_second * (now + 1) + 1e-6
        allowance.spend(lot, now)
        spent += lot


def test_nobody_waits_who_spends_less_than_the_rate() -> None:
    allowance = Allowance(100, 0.0)
    for second in range(20):
        assert allowance.wait_s(second) == 0
        allowance.spend(100, second)


def test_a_clock_that_goes_back_gives_nothing_twice() -> None:
    allowance = Allowance(10, 100.0)
    allowance.spend(20, 100.0)
    assert allowance.wait_s(50.0) == 1.0
    assert allowance.wait_s(100.0) == 1.0
