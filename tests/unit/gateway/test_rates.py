"""A caller's bucket: full at first, filling steadily, never negative for others."""

import time

import pytest

from kaipiao.gateway import rates
from kaipiao.gateway.bulkhead import Bulkhead
from kaipiao.gateway.rates import Rates
from kaipiao.gateway.refusals import Busy, TooManyRequests


def test_a_burst_then_the_rate() -> None:
    bucket = Rates(rate_per_s=50, burst=5)
    for _ in range(5):
        bucket.take("a")
    with pytest.raises(TooManyRequests) as refused:
        bucket.take("a")

    assert refused.value.facts["retry_after_s"] == 1
    bucket.take("b")  # someone else's bucket is theirs
    time.sleep(0.05)
    bucket.take("a")


def test_what_is_refused_costs_nothing() -> None:
    bucket = Rates(rate_per_s=20, burst=1)
    bucket.take("a")
    for _ in range(100):
        with pytest.raises(TooManyRequests):
            bucket.take("a")
    time.sleep(0.06)
    bucket.take("a")


def test_the_headers_count_down() -> None:
    bucket = Rates(rate_per_s=1, burst=10)
    fresh = dict(bucket.headers("a"))
    bucket.charge("a", tokens=4)
    used = dict(bucket.headers("a"))

    assert fresh[b"ratelimit-policy"] == b'"default";q=10;w=10'
    assert fresh[b"ratelimit"] == b'"default";r=10;t=0'
    assert used[b"ratelimit"] == b'"default";r=6;t=4'


def test_more_than_the_bucket_holds_waits_for_a_full_one() -> None:
    bucket = Rates(rate_per_s=10, burst=5)

    assert bucket.wait_s("a", tokens=50) == 0
    bucket.charge("a", tokens=50)
    assert bucket.wait_s("a", tokens=1) == pytest.approx(4.6, abs=0.1)


def test_idle_callers_are_forgotten() -> None:
    bucket = Rates(rate_per_s=10**6, burst=1)
    for n in range(rates.CALLERS_MAX + 1_000):
        bucket.charge(str(n), tokens=1)

    assert len(bucket._full_at) <= rates.CALLERS_MAX


def test_a_full_room_says_so_and_lets_go_whatever_happens() -> None:
    room = Bulkhead(2)
    with room, room:
        with pytest.raises(Busy), room:
            pass
        assert room.inside == 2
    with pytest.raises(ValueError), room:
        raise ValueError
    assert room.inside == 0
