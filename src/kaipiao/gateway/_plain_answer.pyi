from collections.abc import Callable

from kaipiao.fiscal.invoice import Receipt
from kaipiao.gateway.plain_answer import SlowAnswers

class Answers:
    def __init__(
        self, policy: bytes, slow: SlowAnswers, encode: Callable[[object], bytes]
    ) -> None: ...
    def whole(
        self, receipt: Receipt, stamp: bytes, left: int, full_in_s: int, request_id: bytes
    ) -> bytes: ...
    def result(self, line: int, receipt: Receipt) -> bytes: ...
