"""One key, one invoice: the client asks again until it hears, and never makes up an answer."""

import time

import msgspec
import pytest

from kaipiao.client.client import Client
from kaipiao.client.problem import Problem, Unreachable
from kaipiao.client.retry import Budget
from tests.strategies import lawful_draft
from tests.unit.client.scripted import HANG_UP, Reply, Scripted, problem, serving

DRAFT = lawful_draft()
RECEIPT = {
    "number": "26311000000000000001",
    "issued_at": "2026-11-24T04:00:00Z",
    "seller": DRAFT.seller.taxpayer_id,
    "key": "sale-1",
    "digest": "00" * 32,
    "totals": {"net_fen": 1, "tax_fen": 0, "gross_fen": 1},
}
CREATED = Reply(201, msgspec.json.encode(RECEIPT))
SHORT = Budget(within_s=1.5)


@pytest.mark.parametrize(
    "trouble",
    [
        HANG_UP,
        problem(503, "unavailable", retryable=True),
        problem(429, "too-many-requests", retryable=True),
        problem(500, "internal-error", retryable=True),
        Reply(502, b"<html>a proxy's own page</html>"),
    ],
)
def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_bytes(trouble: Reply) -> None:
    script = Scripted(trouble, trouble, CREATED)
    with serving(script) as url, Client(url, "k", budget=SHORT) as client:
        receipt = client.issue(DRAFT, key="sale-1")

    assert receipt.number == RECEIPT["number"]
    assert len(script.asked) == 3
    assert len(set(script.asked)) == 1
    assert script.asked[0].key == "sale-1"


@pytest.mark.parametrize("status, code", [(422, "rules-broken"), (409, "credit-line-missing")])
def test_a_refusal_is_not_asked_again(status: int, code: str) -> None:
    script = Scripted(problem(status, code))
    with (
        serving(script) as url,
        Client(url, "k", budget=SHORT) as client,
        pytest.raises(Problem) as refused,
    ):
        client.issue(DRAFT, key="sale-1")

    assert len(script.asked) == 1
    assert (refused.value.code, refused.value.zh, refused.value.en) == (code, "中", "en")


def test_when_the_budget_is_spent_the_outcome_is_unknown_and_not_refused() -> None:
    script = Scripted(problem(503, "unavailable", retryable=True))
    began = time.monotonic()
    with (
        serving(script) as url,
        Client(url, "k", budget=Budget(0.5)) as client,
        pytest.raises(Unreachable),
    ):
        client.issue(DRAFT, key="sale-1")

    assert len(script.asked) > 1
    assert time.monotonic() - began < 1.5


def test_the_server_says_when_to_come_back() -> None:
    script = Scripted(problem(503, "busy", retryable=True, retry_after="1"), CREATED)
    began = time.monotonic()
    with serving(script) as url, Client(url, "k", budget=Budget(5)) as client:
        client.issue(DRAFT, key="sale-1")

    assert time.monotonic() - began >= 1


def test_a_limit_that_lasts_longer_than_the_budget_is_told_at_once() -> None:
    script = Scripted(problem(429, "verify-limit-reached", retry_after="3600"))
    with (
        serving(script) as url,
        Client(url, "k", budget=SHORT) as client,
        pytest.raises(Problem, match="verify-limit-reached"),
    ):
        client.invoice("26311000000000000001")

    assert len(script.asked) == 1


def test_a_repeat_says_so() -> None:
    script = Scripted(Reply(200, msgspec.json.encode(RECEIPT)))
    with serving(script) as url, Client(url, "k") as client:
        assert client.issue(DRAFT, key="sale-1").replayed


def test_an_answer_that_cannot_be_read_is_no_answer() -> None:
    script = Scripted(Reply(200, b'{"not": "an invoice"}'))
    with serving(script) as url, Client(url, "k") as client, pytest.raises(Unreachable):
        client.invoice("26311000000000000001")


def test_what_has_no_key_is_asked_once_only() -> None:
    script = Scripted(HANG_UP)
    with (
        serving(script) as url,
        Client(url, "k", budget=SHORT) as client,
        pytest.raises(Unreachable),
    ):
        client.create_key(tenant="t", name="n", may=["read"], taxpayers=["*"])

    assert len(script.asked) == 1


def test_a_newer_server_may_add_members() -> None:
    script = Scripted(Reply(201, msgspec.json.encode(RECEIPT | {"added": {"later": 1}})))
    with serving(script) as url, Client(url, "k") as client:
        assert client.issue(DRAFT, key="sale-1").key == "sale-1"
