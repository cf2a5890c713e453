"""The day that is worked out once is the day of every instant in it, however the clock goes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.month import beijing_day
from kaipiao.issuing.issue import Today
from tests.clocks import StoppedClock

MIDNIGHT = datetime(2026, 11, 24, 16, tzinfo=UTC)
near_midnight = st.builds(
    lambda days, us: MIDNIGHT + timedelta(days=days, microseconds=us),
    st.integers(-1, 1),
    st.sampled_from([-1, 0, 1]) | st.integers(-(10**11), 10**11),
)


@given(st.lists(near_midnight, min_size=1, max_size=12))
def test_it_is_the_day_in_beijing_at_every_instant(instants: list[datetime]) -> None:
    clock = StoppedClock(instants[0])
    today = Today(clock)

    for instant in instants:
        clock.set(instant)
        assert today() == beijing_day(instant)
