"""One look at the clock says what two would: the express way's bucket is everyone's bucket."""

import pytest

from kaipiao.gateway.rates import Rates
from kaipiao.gateway.refusals import TooManyRequests

SLOW = {"rate_per_s": 0.01, "burst": 5}


def test_spending_empties_the_bucket_as_taking_does() -> None:
    spent, taken = Rates(**SLOW), Rates(**SLOW)
    for rates in (spent, taken):
        rates.take("k")

    for _ in range(4):
        headers = spent.spend("k")
        taken.take("k")
        assert headers == taken.headers("k")
    assert spent.spend("k") is None
    for rates in (spent, taken):
        with pytest.raises(TooManyRequests):
            rates.take("k")


def test_a_caller_not_met_before_is_left_to_the_long_way() -> None:
    rates = Rates(**SLOW)

    assert rates.spend("k") is None
    rates.take("k")
    assert rates.spend("k") is not None


def test_a_refusal_takes_nothing() -> None:
    rates = Rates(rate_per_s=1000, burst=2)
    rates.take("k", tokens=2)
    full = rates.headers("k")

    assert rates.spend("k") is None
    assert rates.headers("k")[0] == full[0]
    assert rates.wait_s("k", tokens=1) < 0.002
