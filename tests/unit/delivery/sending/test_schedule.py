"""Ten tries over three days, none of them together with everyone else's."""

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.delivery.sending.schedule import JITTER, MAX_ASKED_S, MAX_TRIES, WAITS_S, wait_s
from kaipiao.ledger import deliveries

names = st.text(min_size=1, max_size=40)


@given(names, st.integers(1, MAX_TRIES - 1))
def test_a_wait_is_its_step_give_or_take_the_jitter(name: str, tries: int) -> None:
    waited = wait_s(name, tries)

    assert waited is not None
    assert abs(waited / WAITS_S[tries - 1] - 1) <= JITTER
    assert waited == wait_s(name, tries)


@given(names)
def test_the_tenth_try_is_the_last_and_comes_within_the_five_days(name: str) -> None:
    waits = [wait_s(name, tries) for tries in range(1, MAX_TRIES)]

    assert wait_s(name, MAX_TRIES) is None
    assert 2 * 86_400 < sum(one or 0 for one in waits) < 4 * 86_400


@given(names, st.integers(1, MAX_TRIES - 1), st.floats(0, 1e9))
def test_who_asks_us_to_wait_longer_is_heard_up_to_a_day(
    name: str, tries: int, asked_s: float
) -> None:
    waited = wait_s(name, tries, asked_s=asked_s)

    assert waited is not None
    assert waited >= min(asked_s, MAX_ASKED_S)
    assert waited <= max(wait_s(name, tries) or 0, MAX_ASKED_S)


def test_a_burst_that_failed_together_does_not_come_back_together() -> None:
    waits = sorted(wait_s(f"msg_{n}", 2) or 0 for n in range(1_000))

    assert waits[900] - waits[100] > WAITS_S[1] * JITTER


def test_the_ledger_and_the_schedule_mean_the_same_ten() -> None:
    assert deliveries.MAX_TRIES == MAX_TRIES
