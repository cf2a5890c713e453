"""What arrives is counted to the byte, whoever leaves and however."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.gateway.arriving import Arriving
from kaipiao.gateway.refusals import Busy

MAX = 1_000


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 700)), max_size=60))
def test_the_sum_is_the_sum_and_never_too_much(holds: list[tuple[int, int]]) -> None:
    arriving = Arriving(MAX)
    shares, held = [arriving.share() for _ in range(4)], [0] * 4
    for who, size in holds:
        if sum(held) - held[who] + size <= MAX:
            shares[who].hold(size)
            held[who] = size
        elif size > held[who]:
            with pytest.raises(Busy):
                shares[who].hold(size)
        assert arriving.bytes == sum(held)
    for share in shares:
        with share:
            pass
    assert arriving.bytes == 0


def test_who_was_refused_gives_back_what_it_held() -> None:
    arriving = Arriving(MAX)
    with arriving.share() as share:
        share.hold(MAX)
        with pytest.raises(Busy):
            share.hold(MAX + 1)
        assert arriving.bytes == MAX

    assert arriving.bytes == 0
