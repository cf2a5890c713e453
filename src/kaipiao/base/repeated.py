"""A member given twice: JSON does not forbid it, and readers disagree about which one counts."""

import json
from typing import Any


def has_repeated_member(body: bytes) -> bool:
    """Whether any object in a well-formed body gives one member twice.  Exact, and slow."""
    repeated = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal repeated
        repeated = repeated or len({name for name, _ in pairs}) < len(pairs)

    json.loads(body, object_pairs_hook=look)
    return repeated


def repeats_a_member(body: bytes, canonical: bytes, *, around: int = 0) -> bool:
    """The same question about a body that was read into ``canonical``, mostly answered at once.

    Every member we understood and every colon in a text of ours is in both.  As long as no
    colon can hide behind an escape and defaults are left out of ``canonical``, a repeated
    member makes the body hold more colons.  ``around`` is how many the body has besides.
    """
    if body == canonical:
        return False
    if b"\\u" not in body and body.count(b":") == canonical.count(b":") + around:
        return False
    return has_repeated_member(body)
