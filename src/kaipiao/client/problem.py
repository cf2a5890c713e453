"""Answers that are not the answer: a refusal, or nothing at all."""

import msgspec

from kaipiao.fiscal.violation import Violation


class _Document(msgspec.Struct, omit_defaults=True):
    """RFC 9457, as far as we read it; anything else in it is kept in ``facts``."""

    code: str = "unknown"
    title: str = ""
    detail: str = ""
    zh: str = ""
    en: str = ""
    retryable: bool = False
    violations: list[Violation] = []


class Problem(Exception):
    """The server understood and said no.  Nothing was issued, drawn or changed."""

    def __init__(self, status: int, document: bytes) -> None:
        try:
            told = msgspec.json.decode(document, type=_Document)
        except msgspec.DecodeError:
            told = _Document(detail=document[:200].decode(errors="replace"))
        self.status = status
        self.code = told.code
        self.en = told.en or told.detail or told.title or f"HTTP {status}"
        self.zh = told.zh or self.en
        self.retryable = told.retryable
        self.violations = told.violations
        super().__init__(f"{self.code} ({status}): {self.en}")


class Unreachable(Exception):
    """No answer within the retry budget.

    Whether the server acted is unknown.  Ask again with the same key: it is always safe.
    """
