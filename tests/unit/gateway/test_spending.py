"""One look at the clock says what two would: the express way's bucket is everyone's bucket."""

import time

import pytest

from kaipiao.gateway.rates import Rates
from kaipiao.gateway.refusals import TooManyRequests

NONE = (-1, 0)
SLOW = {"rate_per_s": 0.01, "burst": 5}


def test_spending_empties_the_bucket_as_taking_does() -> None:
    spent, taken = Rates(**SLOW), Rates(**SLOW)
    for rates in (spent, taken):
        rates.take("k")

    for _ in range(4):
        left, full_in_s = spent.spend("k", time.monotonic())
        taken.take("k")
        assert spent.told(left, full_in_s) == taken.headers("k")
    assert spent.spend("k", time.monotonic()) == NONE
    for rates in (spent, taken):
        with pytest.raises(TooManyRequests):
            rates.take("k")


def test_a_caller_not_met_before_is_left_to_the_long_way() -> None:
    rates = Rates(**SLOW)

    assert rates.spend("k", time.monotonic()) == NONE
    rates.take("k")
    assert rates.spend("k", time.monotonic()) != NONE


def test_a_refusal_takes_nothing() -> None:
    rates = Rates(rate_per_s=1000, burst=2)
    rates.take("k", tokens=2)
    full = rates.headers("k")

    assert rates.spend("k", time.monotonic()) == NONE
    assert rates.headers("k")[0] == full[0]
    assert rates.wait_s("k", tokens=1) < 0.002
