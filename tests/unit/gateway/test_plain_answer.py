"""A receipt in one piece of bytes says what the long way says, compiled or not."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.canonical import Digest
from kaipiao.fiscal.invoice import KEY_MAX, Amounts, IdempotencyKey, Receipt
from kaipiao.fiscal.money import MAX_FEN, Fen
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.gateway.batch import BatchResult
from kaipiao.gateway.issue import answer_receipt
from kaipiao.gateway.plain_answer import SlowAnswers, answers_under
from kaipiao.gateway.rates import Rates
from kaipiao.gateway.shapes import view_receipt
from kaipiao.gateway.visit import Visit, render_answer

RATES = Rates(rate_per_s=20_000, burst=40_000)
STAMP = b"date: Wed, 25 Nov 2026 00:00:00 GMT\r\n"
WAYS: list[Any] = [SlowAnswers(RATES.policy), answers_under(RATES.policy)]

fen = st.integers(-MAX_FEN, MAX_FEN)
visible = st.characters(min_codepoint=33, max_codepoint=126)
instants = st.datetimes(min_value=datetime(2020, 1, 1), timezones=st.just(UTC)) | st.just(
    datetime(2026, 11, 25, tzinfo=UTC)
)


@st.composite
def receipts(draw: st.DrawFn) -> Receipt:
    return Receipt(
        number=InvoiceNumber(draw(st.from_regex(r"\A[0-9]{20}\Z"))),
        issued_at=draw(instants),
        seller=draw(st.from_regex(r"\A[0-9A-Z]{15,20}\Z")),
        key=IdempotencyKey(draw(st.text(visible, min_size=1, max_size=KEY_MAX))),
        digest=Digest(draw(st.binary(min_size=32, max_size=32))),
        totals=Amounts(Fen(draw(fen)), Fen(draw(fen))),
        replayed=draw(st.booleans()),
    )


@pytest.mark.parametrize("answers", WAYS)
@given(
    receipts(), st.integers(0, 10**9), st.integers(0, 10**6), st.sampled_from([b"a-1", b"x" * 64])
)
def test_a_whole_answer_is_the_long_ways(
    answers: Any, receipt: Receipt, left: int, full_in_s: int, name: bytes
) -> None:
    visit = Visit("POST", "/v1/invoices", [(b"x-request-id", name)])
    visit.rate_headers = RATES.told(left, full_in_s)
    expected = render_answer(visit, answer_receipt(receipt), STAMP)

    assert answers.whole(receipt, STAMP, left, full_in_s, name) == expected


@pytest.mark.parametrize("answers", WAYS)
@given(receipts(), st.integers(1, 10_000))
def test_a_result_is_the_batchs(answers: Any, receipt: Receipt, line: int) -> None:
    status = 200 if receipt.replayed else 201
    view = view_receipt(receipt)
    result = BatchResult(line=line, status=status, key=receipt.key, receipt=view)

    assert answers.result(line, receipt) == msgspec.json.encode(result) + b"\n"


@pytest.mark.parametrize("answers", WAYS)
def test_whatever_is_too_long_for_a_buffer_is_answered_all_the_same(answers: Any) -> None:
    receipt = Receipt(
        number=InvoiceNumber("2" * 20),
        issued_at=datetime(2026, 11, 25, tzinfo=UTC),
        seller="S" * 5_000,
        key=IdempotencyKey("k" * 5_000),
        digest=Digest(bytes(32)),
        totals=Amounts(Fen(-MAX_FEN), Fen(-MAX_FEN)),
    )
    whole = answers.whole(receipt, STAMP * 500, 1, 1, b"r" * 5_000)

    assert whole == WAYS[0].whole(receipt, STAMP * 500, 1, 1, b"r" * 5_000)
    assert answers.result(7, receipt) == WAYS[0].result(7, receipt)
