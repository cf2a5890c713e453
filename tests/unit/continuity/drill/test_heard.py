"""What a caller may be told, and what is a wrong answer."""

import json
from typing import Any

import pytest

from kaipiao.continuity.drill.heard import Heard
from kaipiao.continuity.drill.line import Answer
from kaipiao.continuity.drill.sales import Desk, Sale

PROBLEM = {"content-type": "application/problem+json"}
OUTAGE = {"status": 503, "code": "unavailable", "retryable": True}
POOR = {"status": 409, "code": "credit-line-exhausted", "retryable": False}
AGAIN = {**PROBLEM, "retry-after": "2"}
REPLAYED = {"idempotency-replayed": "true"}


@pytest.fixture
def sale() -> Sale:
    desk = Desk()
    return desk.sale(desk.rich[0], "sale-1")


def receipt(sale: Sale, **changes: Any) -> bytes:
    totals = {"net_fen": sale.net_fen, "tax_fen": sale.tax_fen, "gross_fen": 0}
    told = {"number": "26311000000000000001", "issued_at": "2026-11-24T04:00:00Z"}
    names = {"seller": sale.seller, "key": sale.key, "digest": sale.digest, "totals": totals}
    return json.dumps(told | names | changes).encode()


def no(problem: dict[str, Any], headers: dict[str, str]) -> Answer:
    return Answer(problem["status"], headers, json.dumps(problem).encode(), whole=True)


def yes(body: bytes, *, again: bool = False) -> Answer:
    return Answer(200 if again else 201, REPLAYED if again else {}, body, whole=True)


def test_a_receipt_settles_and_its_repeat_is_the_same(sale: Sale) -> None:
    heard = Heard()
    assert heard.answer(sale, yes(receipt(sale)))
    assert heard.answer(sale, yes(receipt(sale), again=True))
    assert heard.faults == []
    assert heard.receipts[sale.name].number == "26311000000000000001"


@pytest.mark.parametrize("answer", [Answer(), Answer(201, {}, b'{"num'), no(OUTAGE, AGAIN)])
def test_what_settles_nothing_is_asked_again(sale: Sale, answer: Answer) -> None:
    heard = Heard()
    assert not heard.answer(sale, answer)
    assert heard.faults == []
    assert heard.receipts == {}


def test_a_refusal_for_want_of_credit_settles(sale: Sale) -> None:
    heard = Heard()
    assert heard.answer(sale, no(POOR, PROBLEM))
    assert heard.faults == []
    assert heard.refused == {sale.name: "credit-line-exhausted"}


def wrong_after(sale: Sale, *answers: Answer) -> list[str]:
    heard = Heard()
    for answer in answers:
        heard.answer(sale, answer)
    return heard.faults


def test_wrong_answers_are_found(sale: Sale) -> None:
    good = yes(receipt(sale))
    assert wrong_after(sale, yes(receipt(sale, key="sale-2"))), "about another sale"
    assert wrong_after(sale, yes(receipt(sale, digest="00"))), "about other content"
    assert wrong_after(sale, good, yes(receipt(sale, number="2"), again=True)), "another number"
    assert wrong_after(sale, good, no(POOR, PROBLEM)), "a yes unsaid"
    assert wrong_after(sale, no(POOR, PROBLEM), good), "a no unsaid"
    assert wrong_after(sale, no(OUTAGE, PROBLEM)), "does not say when to come back"
    assert wrong_after(sale, Answer(500, {}, b"oh", whole=True)), "no problem document"
    assert wrong_after(sale, no({**POOR, "status": 500, "code": "defect"}, PROBLEM))
    assert wrong_after(sale, Answer(200, {}, receipt(sale), whole=True)), "a silent repeat"


def test_a_batch_counts_as_far_as_it_came(sale: Sale) -> None:
    desk, heard = Desk(), Heard()
    sales = [desk.sale(sale.seller, f"sale-{n}") for n in (1, 2, 3)]
    lines = [
        b'{"line":%d,"status":201,"key":"%b","receipt":%b}\n' % (n, one.key.encode(), receipt(one))
        for n, one in enumerate(sales, 1)
    ]
    cut = Answer(200, {}, b"".join(lines[:2]) + lines[2][:-5])

    assert heard.batch(sales, cut) == [sales[2]]
    assert len(heard.receipts) == 2
    assert heard.faults == []


def test_a_batch_that_answers_other_lines_is_found(sale: Sale) -> None:
    heard = Heard()
    line = b'{"line":1,"status":201,"key":"else","receipt":%b}\n' % receipt(sale)
    heard.batch([sale], Answer(200, {}, line, whole=True))
    heard.batch([sale], Answer(200, {}, b"", whole=True))

    assert len(heard.faults) == 2


def test_other_content_under_a_taken_key_must_be_refused(sale: Sale) -> None:
    heard = Heard()
    reused = {"status": 422, "code": "key-reused", "retryable": False}
    assert heard.other_content(sale, no(reused, PROBLEM))
    assert not heard.other_content(sale, no(OUTAGE, AGAIN))
    assert heard.faults == []
    assert heard.other_content(sale, yes(receipt(sale), again=True))
    assert heard.faults
