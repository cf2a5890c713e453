"""Lines are cut the same way, whatever pieces they come in."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.gateway.lines import Cut, LineCutter

LONGEST = 6
bytes_with_newlines = st.lists(
    st.sampled_from([b"\n", b"a", b" ", b"{}", b"xxxxxxx", b"\r\n", b"1234567"]), max_size=20
).map(b"".join)


def slow_cuts(content: bytes) -> list[Cut]:
    """The definition."""
    return [
        (number, line if len(line) <= LONGEST else None)
        for number, line in enumerate(content.split(b"\n"), 1)
        if line.strip() or len(line) > LONGEST
    ]


@given(bytes_with_newlines, st.lists(st.integers(0, 60), max_size=6))
def test_pieces_make_no_difference(content: bytes, places: list[int]) -> None:
    ends = sorted({min(place, len(content)) for place in places} | {0, len(content)})
    cutter = LineCutter(LONGEST)

    cuts = [cut for start, end in pairwise(ends) for cut in cutter.feed(content[start:end])]

    assert cuts + cutter.end() == slow_cuts(content)


def test_a_line_that_is_too_long_is_not_kept() -> None:
    cutter = LineCutter(LONGEST)
    for _ in range(1_000):
        assert cutter.feed(b"x" * 1_000) == []

    assert len(cutter._rest) == 0
    assert cutter.feed(b"\nok") == [(1, None)]
    assert cutter.end() == [(2, b"ok")]
