"""Before the shadow may issue: each limit says no by itself, and all of them at once."""

from datetime import UTC, datetime

import msgspec
import pytest

from kaipiao.continuity.shadow.book import Tally
from kaipiao.continuity.shadow.gate import (
    COMPARED_AT_LEAST,
    FRESH_WITHIN,
    WAITING_AT_MOST,
    check_ready,
)

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
READY = Tally(
    started_at=NOW,
    next_index=COMPARED_AT_LEAST,
    log_size=COMPARED_AT_LEAST + WAITING_AT_MOST,
    same=COMPARED_AT_LEAST,
    looked_at=NOW - FRESH_WITHIN,
)


def test_at_its_limits_a_shadow_may_issue() -> None:
    assert check_ready(READY, NOW) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"looked_at": NOW - FRESH_WITHIN * 1.01}, "last 60 seconds"),
        ({"looked_at": None}, "last 60 seconds"),
        ({"away": "HTTP 503"}, "HTTP 503"),
        ({"same": COMPARED_AT_LEAST - 1}, "only 99 were compared"),
        ({"log_size": READY.log_size + 1}, "101 wait"),
        ({"diverged": 1}, "1 are not alike"),
        ({"only_here": 1}, "1 are not alike"),
        ({"only_there": 1}, "1 are not alike"),
    ],
)
def test_each_limit_says_no_by_itself(change: dict[str, object], why: str) -> None:
    [(zh, en)] = check_ready(msgspec.structs.replace(READY, **change), NOW)

    assert why in en
    assert zh


def test_all_faults_are_told_at_once() -> None:
    never = Tally(started_at=NOW, next_index=0, log_size=500, diverged=2)

    assert len(check_ready(never, NOW)) == 4
    assert len(check_ready(None, NOW)) == 1
