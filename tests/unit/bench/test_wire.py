"""Answers are framed exactly, however they come in pieces; requests are what a server expects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.wire import HEAD_MAX, compose_batch, head_of, is_success, length_of, single_parts
from tests.unit.bench.servers import chunked, created

ANSWERS = (
    created(b'{"number":"26311000000000000001"}'),
    created(b'{"a":"\\r\\n\\r\\n"}'),
    created(b""),
    chunked(b'{"line":1}\n', b'{"line":2}\n'),
    b"HTTP/1.1 200 OK\r\nCONTENT-length: 2\r\n\r\n{}",
)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_whole_when_its_last_byte_is_here_and_not_before(answer: bytes) -> None:
    assert length_of(answer) == len(answer)
    for here in range(len(answer)):
        assert length_of(answer[:here]) not in range(here + 1), answer[:here]


@given(st.binary(max_size=300))
def test_any_body_is_framed_by_its_length(body: bytes) -> None:
    answer = created(body)

    assert length_of(answer) == len(answer)
    assert length_of(answer + b"HTTP") == len(answer)


def test_what_cannot_be_framed_is_an_error_and_not_a_wait() -> None:
    with pytest.raises(ValueError, match="without a length"):
        length_of(b"HTTP/1.1 200 OK\r\n\r\n")
    with pytest.raises(ValueError, match="without end"):
        length_of(b"x" * (HEAD_MAX + 1))


@pytest.mark.parametrize("status, good", [(200, True), (201, True), (409, False), (503, False)])
def test_only_2xx_is_success(status: int, good: bool) -> None:
    assert is_success(b"HTTP/1.1 %d Any\r\n\r\n" % status) is good


def test_a_single_request_is_its_head_a_key_and_a_draft() -> None:
    head = head_of("/v1/invoices", host="h", media_type="application/json", token="t")
    request = single_parts(head, [b'{"a":1}']).single(b"sale-1", 0)

    assert request == (
        b"POST /v1/invoices HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer t\r\nIdempotency-Key: sale-1\r\ncontent-length: 7\r\n\r\n"
        b'{"a":1}'
    )


def test_a_batch_has_a_line_for_each_draft_and_says_how_long_it_is() -> None:
    request = compose_batch(b"HEAD\r\n", [(b"k1", b"{}"), (b"k2", b'{"a":1}')])
    head, _, body = request.partition(b"\r\n\r\n")

    assert body == b'{"key":"k1","draft":{}}\n{"key":"k2","draft":{"a":1}}\n'
    assert head == b"HEAD\r\ncontent-length: %d" % len(body)
