"""A confirmation form always has an owner, a clock and a way out."""

from datetime import timedelta
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.confirmation import (
    STATE_NAMES,
    Confirmation,
    Side,
    State,
    allowed,
    at_instant,
    opening_state,
)
from kaipiao.fiscal.red_letter import ReversalAsk
from tests.clocks import NOON

WINDOW = timedelta(hours=72)
FINAL: set[State] = {"05", "06", "07", "08", "09", "10"}


def form(state: State, started_by: Side = "seller", **changes: object) -> Confirmation:
    made = Confirmation(
        form_id="1" * 20,
        original="2" * 20,
        seller="S",
        buyer="B",
        started_by=started_by,
        ask=ReversalAsk(reason="01"),
        state=state,
        opened_at=NOON,
        lapses_at=NOON + WINDOW,
        changed_at=NOON,
    )
    return msgspec.structs.replace(made, **changes)


def test_every_state_has_a_name_in_both_languages() -> None:
    assert set(STATE_NAMES) == set(get_args(State))
    assert all(zh and en for zh, en in STATE_NAMES.values())


@pytest.mark.parametrize(
    ("started_by", "used", "state"),
    [
        ("seller", False, "01"),
        ("seller", True, "02"),
        ("buyer", False, "03"),
        ("buyer", True, "03"),
    ],
)
def test_where_a_form_begins(started_by: Side, used: bool, state: State) -> None:
    assert opening_state(started_by, used=used) == state


@pytest.mark.parametrize(
    ("state", "started_by", "side", "actions"),
    [
        ("01", "seller", "seller", {"withdraw": "08"}),
        ("01", "seller", "buyer", {}),
        ("02", "seller", "seller", {"withdraw": "08"}),
        ("02", "seller", "buyer", {"confirm": "04", "deny": "05"}),
        ("03", "buyer", "buyer", {"withdraw": "08"}),
        ("03", "buyer", "seller", {"confirm": "04", "deny": "06"}),
        ("04", "seller", "seller", {"withdraw": "09"}),
        ("04", "seller", "buyer", {}),
        ("04", "buyer", "buyer", {"withdraw": "09"}),
        ("02", "seller", None, {"flag": "10"}),
        ("04", "buyer", None, {"flag": "10"}),
    ],
)
def test_who_may_do_what(
    state: State, started_by: Side, side: Side | None, actions: dict[str, str]
) -> None:
    assert allowed(form(state, started_by), side) == actions


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_is_over_is_over(state: State) -> None:
    for side in ("seller", "buyer", None):
        assert allowed(form(state), side) == {}


def test_a_form_that_was_spent_cannot_be_withdrawn() -> None:
    assert allowed(form("04", red_letter="3" * 20), "seller") == {}


@pytest.mark.parametrize("state", ["02", "03"])
def test_an_unanswered_form_lapses_by_the_clock_alone(state: State) -> None:
    waiting = form(state)
    tick = timedelta(microseconds=1)

    assert at_instant(waiting, NOON + WINDOW - tick) == waiting
    lapsed = at_instant(waiting, NOON + WINDOW)
    assert (lapsed.state, lapsed.changed_at) == ("07", NOON + WINDOW)


@given(
    st.sampled_from(sorted(set(get_args(State)) - FINAL)),
    st.sampled_from(get_args(Side)),
    st.timedeltas(timedelta(0), timedelta(days=365)),
)
def test_no_state_is_without_a_way_out(state: State, started_by: Side, later: timedelta) -> None:
    """Either somebody may act, or the clock has acted, or a red letter may spend it."""
    now = at_instant(form(state, started_by), NOON + later)
    ways = [side for side in ("seller", "buyer", None) if allowed(now, side)]

    assert ways or now.state in FINAL
