"""What two cells must say alike of one sale, and where they do not.

An invoice is compared as ``GET /v1/invoices/{number}`` shows it, member by member.  Set aside:

    number, issued_at, log_index   each cell gives its own
    qr                             holds the number and the day
    standing                       changes later, with red letters
    of a red letter                the original's number and the form's id, in
                                   ``draft.reversal`` and at the head of the remark; and the
                                   digest, which covers both

All else must be equal: the key, the draft, each line's and the total's net, tax and gross, the
amount in words, and the digest of an original.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

ASIDE = frozenset({"number", "issued_at", "log_index", "qr", "standing"})
ASIDE_OF_REVERSAL = frozenset({"original", "confirmation"})

RED_REMARK = re.compile(
    r"被红冲蓝字发票号码: \d{20}(?: 红字确认单编号: \S+)?(?: (?P<own>.*))?", re.DOTALL
)
"""How a red letter's remark begins; the rest is its caller's own."""

ABSENT = "(absent)"
"""Stands where one side has no such member."""

Json = Any
"""A decoded JSON value: the shadow may be of another version, so no shape is presumed."""


class Difference(msgspec.Struct, frozen=True):
    """``path`` is a JSON pointer (RFC 6901)."""

    path: str
    here: Json
    there: Json


def differences(here: Json, there: Json) -> tuple[Difference, ...]:
    """Where two invoices differ, but for what is set aside; empty: they say the same."""
    return tuple(_walk(comparable(here), comparable(there), ""))


def comparable(invoice: Json) -> Json:
    """An invoice without what is set aside.  What is no invoice at all is left as it is."""
    if not isinstance(invoice, Mapping):
        return invoice
    left = {name: value for name, value in invoice.items() if name not in ASIDE}
    draft = left.get("draft")
    if isinstance(draft, Mapping) and isinstance(draft.get("reversal"), Mapping):
        left.pop("digest", None)
        left["draft"] = _comparable_red(draft)
    return left


def own_remark(remark: str) -> str:
    """What the caller added to a red letter's remark."""
    found = RED_REMARK.fullmatch(remark)
    return (found["own"] or "") if found else remark


def _comparable_red(draft: Mapping[str, Json]) -> Json:
    reversal = {
        name: value for name, value in draft["reversal"].items() if name not in ASIDE_OF_REVERSAL
    }
    remark = draft.get("remark")
    own = own_remark(remark) if isinstance(remark, str) else remark
    return {**draft, "reversal": reversal, "remark": own}


def _walk(here: Json, there: Json, path: str) -> Iterator[Difference]:
    if isinstance(here, Mapping) and isinstance(there, Mapping):
        for name in sorted({*here, *there}):
            at = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
            yield from _walk(here.get(name, ABSENT), there.get(name, ABSENT), at)
    elif _is_list(here) and _is_list(there):
        for place in range(max(len(here), len(there))):
            ours = here[place] if place < len(here) else ABSENT
            theirs = there[place] if place < len(there) else ABSENT
            yield from _walk(ours, theirs, f"{path}/{place}")
    elif type(here) is not type(there) or here != there:  # True is not 1
        yield Difference(path, here, there)


def _is_list(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
