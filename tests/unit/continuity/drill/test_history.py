"""Seconds out of a history: of the next write, of the longest silence, of each second."""

from hypothesis import given
from hypothesis import strategies as st

from kaipiao.continuity.drill.history import (
    Ack,
    Second,
    by_second,
    longest_silence,
    recovery_s,
)

STORM = [Ack(0.9, 1.0), Ack(1.9, 2.1), Ack(4.0, 5.5), Ack(5.6, 5.7)]


def test_recovery_is_the_first_answer_to_a_question_asked_after_the_fault() -> None:
    assert recovery_s(STORM, 2.0) == 3.5


def test_an_answer_that_was_on_the_wire_already_proves_nothing() -> None:
    assert recovery_s([Ack(1.9, 2.1)], 2.0) is None


def test_silence_is_counted_from_the_fault_and_to_the_end() -> None:
    assert longest_silence(STORM, 2.0, 6.0).lasts_s == 3.4
    assert longest_silence(STORM, 5.6, 9.7).lasts_s == 4.0
    assert longest_silence([], 2.0, 6.0) == (2.0, 4.0)


def test_a_fault_that_bites_late_is_a_silence_though_the_next_answer_came_at_once() -> None:
    acks = [Ack(2.01, 2.02), Ack(2.1, 14.0)]

    assert recovery_s(acks, 2.0) == 0.02
    assert longest_silence(acks, 2.0, 14.5).lasts_s == 11.98


def test_a_second_knows_how_many_and_the_slowest() -> None:
    acks = [Ack(0.0, 0.2, 5), Ack(0.1, 0.9), Ack(1.0, 1.5)]
    assert by_second(acks, 2.4) == [Second(6, 800.0), Second(1, 500.0), Second(0, 0.0)]


moments = st.floats(0, 100, allow_nan=False)
acks = st.lists(st.tuples(moments, moments).map(lambda pair: Ack(min(pair), max(pair))))


@given(acks, moments)
def test_no_recovery_is_shorter_than_its_own_silence_was(found: list[Ack], fault_s: float) -> None:
    """Nobody heard a yes to a question after the fault before ``recovery_s`` had passed."""
    recovered_s = recovery_s(found, fault_s)
    early = [a for a in found if a.asked_s >= fault_s and a.heard_s < fault_s + (recovered_s or 0)]

    assert all(a.heard_s >= fault_s + (recovered_s or 0) - 0.001 for a in early)
    assert (recovered_s is None) == all(a.asked_s < fault_s for a in found)


@given(acks)
def test_every_acknowledged_invoice_is_in_some_second(found: list[Ack]) -> None:
    assert sum(one.acknowledged for one in by_second(found, 100.0)) == len(found)
