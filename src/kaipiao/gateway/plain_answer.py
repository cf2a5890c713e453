"""The answers to plain requests: a receipt as one piece of bytes, head and all.

The bytes say what ``issue.answer_receipt`` and ``batch.BatchResult`` say; tests hold them
together.  ``_plain_answer`` is the same, compiled by the package's own build where there is a
compiler.
"""

from typing import Protocol

import msgspec

from kaipiao.fiscal.invoice import Receipt
from kaipiao.gateway.shapes import view_receipt

try:
    from kaipiao.gateway._plain_answer import Answers as SwiftAnswers
except ImportError:  # it was installed where there was no compiler
    SwiftAnswers = None  # type: ignore[assignment, misc]

_encode = msgspec.json.Encoder().encode
_ANSWER = (
    b"HTTP/1.1 %b\r\n%bcontent-type: application/json\r\ncache-control: no-store\r\n"
    b"location: /v1/invoices/%b\r\n%bratelimit-policy: %b\r\n"
    b'ratelimit: "default";r=%d;t=%d\r\ncontent-length: %d\r\nx-request-id: %b\r\n\r\n%b'
)
_RESULT = b'{"line":%d,"status":%d,"key":%b,"receipt":%b}\n'


class Answers(Protocol):
    def whole(
        self, receipt: Receipt, stamp: bytes, left: int, full_in_s: int, request_id: bytes
    ) -> bytes:
        """The answer to ``POST /v1/invoices``.  ``stamp`` is the server's own header lines,
        ``left`` and ``full_in_s`` the state of the caller's bucket (``rates.py``)."""
        ...

    def result(self, line: int, receipt: Receipt) -> bytes:
        """One line of the answer to a batch, with its newline."""
        ...


class SlowAnswers:
    """In Python: what the compiled ones must agree with.  ``policy`` is the rate limit's."""

    def __init__(self, policy: bytes) -> None:
        self._policy = policy

    def whole(
        self, receipt: Receipt, stamp: bytes, left: int, full_in_s: int, request_id: bytes
    ) -> bytes:
        body = _encode(view_receipt(receipt))
        return _ANSWER % (
            b"200 OK" if receipt.replayed else b"201 Created",
            stamp,
            receipt.number.encode(),
            b"idempotency-replayed: true\r\n" if receipt.replayed else b"",
            self._policy,
            left,
            full_in_s,
            len(body),
            request_id,
            body,
        )

    def result(self, line: int, receipt: Receipt) -> bytes:
        status = 200 if receipt.replayed else 201
        return _RESULT % (line, status, _encode(receipt.key), _encode(view_receipt(receipt)))


def answers_under(policy: bytes) -> Answers:
    """The quickest there is."""
    slow = SlowAnswers(policy)
    return slow if SwiftAnswers is None else SwiftAnswers(policy, slow, _encode)
