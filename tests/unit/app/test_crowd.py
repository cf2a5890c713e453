"""Workers see each other's counts, and only the one with fewest takes the next caller at once."""

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.app.crowd import Crowd, make_crowd_file


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
def test_some_worker_always_takes_the_caller_and_it_is_one_with_fewest(counts: list[int]) -> None:
    with make_crowd_file() as file:
        crowds = [
            Crowd(file.fileno(), place=place, workers=len(counts)) for place in range(len(counts))
        ]
        for crowd, count in zip(crowds, counts, strict=True):
            crowd.note(count)

        taking = [n for n, crowd in enumerate(crowds) if not crowd.has_fewer_elsewhere()]

    assert [counts[n] for n in taking] == [min(counts)] * counts.count(min(counts))
