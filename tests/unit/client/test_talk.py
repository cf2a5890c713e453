"""The policy by itself, on a clock of the test's own: every trouble, and what may never happen."""

from collections.abc import Sequence
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.client.client import Client
from kaipiao.client.members import HEDGE_FIRST_S, HEDGE_LEAST_S, KNOWN_FROM, Members
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.question import Question, look_up
from kaipiao.client.retry import (
    FIRST_PAUSE_S,
    PURSE_SHARE,
    PURSE_TRIES,
    PURSE_TRIES_PER_S,
    Budget,
    Pauses,
    Purse,
)
from kaipiao.client.talk import Heard, Policy, Rest, Send, talk
from tests.strategies import lawful_draft

URLS = ("http://192.0.2.1:1", "http://192.0.2.2:1", "http://192.0.2.3:1")
LOST = "lost"
statuses = st.sampled_from([LOST, 201, 200, 404, 422, 429, 500, 502, 503, 504])
afters = st.sampled_from(["", "1", "3", "600", "soon"])
troubles = st.lists(st.tuples(statuses, afters), max_size=60)


class World:
    """Answers from a script, then for ever with success; time passes by resting only."""

    def __init__(self, script: Sequence[tuple[Any, str]], *, draw: float = 0.5) -> None:
        self.script = list(script)
        self.now_s = 0.0
        self.sent: list[Send] = []
        self.sent_at: list[float] = []
        self.purse = Purse(lambda: self.now_s)
        self.members = Members(URLS)
        self._draw = draw

    def run(self, question: Question[Any], within_s: float = 30.0) -> str:
        """``answered``, ``refused`` or ``unknown``."""
        policy = Policy(
            self.members,
            Budget(within_s),
            self.purse,
            lambda b: Pauses(b, now=lambda: self.now_s, draw=lambda: self._draw),
        )
        steps = talk(question, policy)
        heard: Heard | None = None
        try:
            while True:
                heard = self._do(steps.send(heard))
        except StopIteration:
            return "answered"
        except Problem:
            return "refused"
        except Unreachable:
            return "unknown"

    def _do(self, step: Send | Rest) -> Heard | None:
        if isinstance(step, Rest):
            assert step.seconds > 0
            self.now_s += step.seconds
            return None
        self.sent.append(step)
        self.sent_at.append(self.now_s)
        status, after = self.script.pop(0) if self.script else (201, "")
        if status == LOST:
            return Heard(step.member, None, "lost")
        body = b"{}" if status < 400 else msgspec.json.encode({"retryable": status == 500})
        headers = {"retry-after": after} if after else {}
        return Heard(step.member, httpx.Response(status, content=body, headers=headers))


def act(**changes: Any) -> Question[None]:
    question: Question[None] = Question(
        "POST", "/v1/invoices", lambda _: None, body=b"the draft", key="sale-1"
    )
    return question._replace(**changes)


READ = look_up("/v1/status", dict[str, object])


@given(troubles, st.floats(0, 0.999))
def test_one_call_has_one_key_and_the_same_bytes_at_every_try(
    script: list[tuple[Any, str]], draw: float
) -> None:
    world = World(script, draw=draw)
    world.run(act())

    assert {(s.question.key, s.question.body) for s in world.sent} == {("sale-1", b"the draft")}
    assert {tuple(s.question.headers.items()) for s in world.sent} == {
        (("content-type", "application/json"), ("idempotency-key", "sale-1"))
    }


@given(troubles, st.floats(0.1, 60))
def test_no_try_begins_after_the_budget(script: list[tuple[Any, str]], within_s: float) -> None:
    world = World(script)
    world.run(act(), within_s)

    assert all(at <= within_s for at in world.sent_at)


@given(troubles)
def test_an_act_is_never_hedged_and_a_look_up_goes_to_another_member(
    script: list[tuple[Any, str]],
) -> None:
    acting, looking = World(script), World(script)
    acting.run(act())
    looking.run(READ)

    assert [s.hedge for s in acting.sent] == [None] * len(acting.sent)
    for sent in looking.sent:
        assert sent.hedge is not None
        assert sent.hedge.member in URLS
        assert sent.hedge.member != sent.member


@given(troubles)
def test_what_is_asked_once_is_asked_once(script: list[tuple[Any, str]]) -> None:
    world = World(script)
    world.run(act(key=None, once=True))

    assert len(world.sent) == 1


@given(st.lists(st.tuples(statuses, afters), max_size=400))
def test_all_calls_together_waste_no_more_than_the_purse_holds(
    script: list[tuple[Any, str]],
) -> None:
    """The promise of ``Purse``, whatever the cell answers and in whatever order."""
    world = World(script)
    calls = answered = 0
    while world.script and calls < 500:
        calls += 1
        answered += world.run(act(), within_s=120.0) != "unknown"
    wasted = len(world.sent) - calls - answered

    most = PURSE_TRIES + PURSE_TRIES_PER_S * world.now_s + PURSE_SHARE * answered
    assert wasted <= most + 1e-6


def test_a_thousand_calls_on_a_dead_cell_are_not_a_thousand_times_as_many() -> None:
    world = World([(503, "")] * 100_000, draw=0.0)
    first = [world.run(act(), within_s=0.3) for _ in range(1000)]

    assert set(first) == {"unknown"}
    retries = len(world.sent) - 1000
    assert retries <= PURSE_TRIES + PURSE_TRIES_PER_S * world.now_s + 1e-6
    assert retries < world.now_s / FIRST_PAUSE_S / 3, "the purse slowed nobody down"


def test_once_the_cell_is_back_an_empty_purse_holds_nobody_up() -> None:
    world = World([])
    while world.purse.take():
        pass
    world.script = [(503, "")]
    outcomes = [world.run(act(), within_s=10.0) for _ in range(100)]

    assert set(outcomes) == {"answered"}
    assert world.now_s < 2.0


def test_a_second_try_that_is_answered_costs_nothing() -> None:
    """Three hundred calls, each answered at the second try, wait for nothing but their pause."""
    world = World([(503, ""), (201, "")] * 300)
    for _ in range(300):
        world.run(act())

    assert world.now_s == pytest.approx(300 * 2 * FIRST_PAUSE_S)


@given(st.sampled_from([LOST, 502, 503, 504]))
def test_the_next_member_is_asked_and_the_one_that_answered_is_remembered(status: Any) -> None:
    world = World([(status, ""), (status, "")])
    world.run(act())
    world.run(act())

    assert [s.member for s in world.sent] == [URLS[0], URLS[1], URLS[2], URLS[2]]


def test_many_calls_that_fail_at_one_member_move_on_once() -> None:
    members = Members(URLS)
    for _ in range(5):
        members.fell_silent(URLS[0])

    assert members.current == URLS[1]


@given(st.integers(1, 5), st.floats(0, 0.999))
def test_the_server_is_believed_and_nobody_comes_before_that(after: int, draw: float) -> None:
    world = World([(503, str(after))], draw=draw)
    world.run(act())

    assert after <= world.sent_at[1] <= after + FIRST_PAUSE_S


@given(st.lists(st.floats(0, 0.999), min_size=8, max_size=8))
def test_pauses_lie_between_the_first_and_three_times_the_last(draws: list[float]) -> None:
    drawn = iter(draws)
    pauses = Pauses(Budget(1e9), now=lambda: 0.0, draw=lambda: next(drawn))
    last_s = FIRST_PAUSE_S
    for _ in draws:
        wait_s = pauses.next_s()
        assert wait_s is not None
        assert FIRST_PAUSE_S <= wait_s <= min(5.0, 3 * last_s) + 1e-9
        last_s = wait_s


def test_a_look_up_is_late_when_nineteen_of_twenty_were_faster() -> None:
    members = Members(URLS)
    assert members.hedge_after_s == HEDGE_FIRST_S
    for n in range(100):
        members.note_look_up((n + 1) / 100)
    assert members.hedge_after_s == 0.96
    for _ in range(10 * KNOWN_FROM):
        members.note_look_up(0.001)
    assert members.hedge_after_s == HEDGE_LEAST_S


def test_a_client_without_an_address_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Client([])


def test_the_draft_is_written_to_bytes_once() -> None:
    """The question holds bytes: nothing can be encoded anew between two tries."""
    question = Client.issue._function(None, lawful_draft(), key="k")

    assert isinstance(question.body, bytes)
    assert question.key == "k"
