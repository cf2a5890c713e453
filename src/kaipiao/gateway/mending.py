"""The rules that a malformed draft breaks besides: a seller should correct a draft once.

Every member that is at fault is left out, and if what remains is a draft, the law looks at it.
What the law says about a faulty place, or about anything that contains one, is not repeated:
it would be about our mending and not about the draft.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.violation import Violation

SUPERFLUOUS = frozenset({"unknown-member", "repeated-member"})
"""Faults that take nothing away from the draft."""


def broken_rules(
    body: bytes,
    faults: Sequence[Violation],
    check: Callable[[Draft], list[Violation]],
    *,
    member: str = "",
) -> list[Violation]:
    """What ``check`` says about the sound rest of a body (or of its ``member``), if it has one."""
    draft = mend(body, faults, member=member)
    if draft is None:
        return []
    gaps = [fault.path for fault in faults if fault.code not in SUPERFLUOUS]
    return [one for one in check(draft) if not any(_touches(one.path, gap) for gap in gaps)]


def mend(body: bytes, faults: Sequence[Violation], *, member: str = "") -> Draft | None:
    """The draft without its faulty members; None if that is no draft."""
    try:
        value = msgspec.json.decode(body)
        value = value[member] if member else value
        for fault in faults:
            if fault.code != "repeated-member":
                _leave_out(value, fault.path)
        return msgspec.convert(value, Draft)
    except (ValueError, RecursionError, LookupError, TypeError):
        return None


def _leave_out(value: Any, path: str) -> None:
    """Raises LookupError or TypeError if there is no such member to leave out."""
    *parents, last = [
        token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]
    ] or [""]
    for token in parents:
        value = value[int(token)] if isinstance(value, list) else value[token]
    if isinstance(value, dict):
        value.pop(last, None)
    elif last:
        raise TypeError("an element of an array cannot be left out")


def _touches(path: str, gap: str) -> bool:
    """Whether one of two pointers is inside the other."""
    return f"{path}/".startswith(f"{gap}/") or f"{gap}/".startswith(f"{path}/")
