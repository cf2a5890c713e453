"""Failures as problem documents: complete, in both languages, with what to do next."""

import pytest

from kaipiao.errors import (
    KeyReused,
    NotAuthenticated,
    Outage,
    ProofNotReady,
    Refusal,
    RulesBroken,
)
from kaipiao.fiscal.violation import Violation
from kaipiao.gateway.problems import STATUS, Answered, compose_problem, prefers_chinese
from kaipiao.gateway.refusals import MethodNotAllowed, TooManyRequests


def compose(failure: Exception, language: str = "en") -> Answered:
    return compose_problem(failure, language=language, request_id="r1", max_violations=2)


def test_every_refusal_has_a_status_and_every_code_one_meaning() -> None:
    refusals = Refusal.__subclasses__()

    assert set(refusals) == set(STATUS)
    assert len({refusal.code for refusal in refusals}) == len(refusals)
    assert all(refusal.__doc__ and refusal.zh and refusal.en for refusal in refusals)


def test_what_may_be_asked_again_says_when() -> None:
    """Retry-After on every retryable 409, every 429 and every 503."""
    for refusal, shown in STATUS.items():
        must_say = shown.status in (429, 503) or (shown.status == 409 and refusal.retryable)
        assert (shown.retry_after_s is not None) == must_say, refusal
    assert dict(compose(Outage("ledger")).headers)[b"retry-after"] == b"2"
    assert dict(compose(ProofNotReady()).headers)[b"retry-after"] == b"1"


def test_a_problem_says_everything_twice() -> None:
    problem = compose(KeyReused(key="sale-1"), "zh").problem

    assert problem.type == "/problems/key-reused"
    assert problem.status == 422
    assert problem.title == "编号已用于其他内容"
    assert problem.detail == problem.zh
    assert "sale-1" in problem.zh
    assert "sale-1" in problem.en
    assert problem.facts == {"key": "sale-1"}
    assert problem.instance == "urn:request:r1"


def test_an_outage_promises_nothing_and_leaks_nothing() -> None:
    problem = compose(Outage("ledger")).problem

    assert (problem.status, problem.code, problem.retryable) == (503, "unavailable", True)
    assert "ledger" not in repr(problem)


def test_a_defect_leaks_nothing() -> None:
    problem = compose(RuntimeError("password=hunter2")).problem

    assert (problem.status, problem.code) == (500, "internal-error")
    assert "hunter2" not in repr(problem)


def test_the_headers_that_http_asks_for() -> None:
    assert b"www-authenticate" in dict(compose(NotAuthenticated()).headers)
    refused = MethodNotAllowed(method="PUT", allow="GET, POST")
    assert dict(compose(refused).headers)[b"allow"] == b"GET, POST"
    assert dict(compose(TooManyRequests(retry_after_s=7)).headers)[b"retry-after"] == b"7"


def test_more_violations_than_are_shown_are_counted() -> None:
    broken = [Violation(code=str(n), path="", zh="z", en="e") for n in range(5)]
    problem = compose(RulesBroken(broken)).problem

    assert len(problem.violations) == 2
    assert problem.violations_left_out == 3


@pytest.mark.parametrize(
    ("header", "is_chinese"),
    [
        (b"", False),
        (b"zh-CN,zh;q=0.9,en;q=0.8", True),
        (b"en,zh;q=0.5", False),
        (b"zh", True),
        (b"fr", False),
    ],
)
def test_the_language_asked_for_first(header: bytes, is_chinese: bool) -> None:
    assert prefers_chinese(header) == is_chinese
