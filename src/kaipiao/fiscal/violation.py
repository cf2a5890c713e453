"""What a rule says when it objects."""

from typing import Literal

import msgspec


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """One objection, complete: where, what, and what to do about it, in both languages.

    ``code`` is a public contract: it may be retired, never given a second meaning.
    ``path`` is a JSON pointer (RFC 6901) into the draft; the empty path is the whole draft.
    A ``warning`` never stops an invoice.
    """

    code: str
    path: str
    zh: str
    en: str
    severity: Literal["error", "warning"] = "error"


def errors_of(violations: list[Violation]) -> list[Violation]:
    """Only those that forbid issuing."""
    return [v for v in violations if v.severity == "error"]
