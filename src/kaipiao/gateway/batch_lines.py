"""The lines of a batch: each is read into an ask, or into what is wrong with it."""

from collections.abc import Sequence

import msgspec

from kaipiao.base.canonical import canonical
from kaipiao.base.repeated import repeats_a_member
from kaipiao.errors import KeyMissing, Malformed, Refusal
from kaipiao.fiscal.invoice import IdempotencyKey, parse_key
from kaipiao.gateway.asks import BatchLine
from kaipiao.gateway.faults import find_faults
from kaipiao.gateway.identity import authorize
from kaipiao.gateway.lines import Cut
from kaipiao.gateway.mending import broken_rules
from kaipiao.gateway.refusals import BodyTooLarge
from kaipiao.issuing.issue import Ask, Issuing, PlainAsk
from kaipiao.ports import ApiKey

Read = tuple[int, str, Ask | PlainAsk | Refusal]
"""A line's number, its key as far as it is known, and what it asks for, or why it cannot."""

_decode = msgspec.json.Decoder(BatchLine).decode


class LineReader:
    """Reads for one caller, who may issue."""

    def __init__(self, issuing: Issuing, caller: ApiKey, *, max_line_bytes: int) -> None:
        self._issuing = issuing
        self._caller = caller
        self._max_line_bytes = max_line_bytes

    def read(self, cuts: Sequence[Cut]) -> list[Read]:
        """What each line asks for.  Nearly all are plain, and cost a passage and two tuples."""
        passage, acts_for = self._issuing.passage, self._caller.acts_for
        if passage is None:
            return [self._read_slowly(*cut) for cut in cuts]
        reads: list[Read] = []
        for number, content in cuts:
            plain = passage.read_keyed(content) if content is not None else None
            if plain is not None and acts_for(plain[1][0]):
                reads.append((number, plain[0], plain))
            else:
                reads.append(self._read_slowly(number, content))
        return reads

    def _read_slowly(self, number: int, content: bytes | None) -> Read:
        if content is None:
            return number, "", BodyTooLarge(limit_bytes=self._max_line_bytes)
        try:
            line, payload = read_line(content)
        except Malformed as malformed:
            malformed.violations += broken_rules(
                content, malformed.violations, self._issuing.check, member="draft"
            )
            return number, _salvage_key(content), malformed
        try:
            authorize(self._caller, "issue", line.draft.seller.taxpayer_id)
            return number, line.key, Ask(_key(line.key), line.draft, payload)
        except Refusal as refusal:
            return number, line.key, refusal


def read_line(content: bytes) -> tuple[BatchLine, bytes]:
    """One line's key and draft, and the draft's canonical bytes.

    Raises:
        Malformed: with every fault; pointers are into the draft, as everywhere.
    """
    try:
        line = _decode(content)
    except (ValueError, RecursionError):
        raise _malformed(content) from None
    payload = canonical(line.draft)
    # Two colons more: "key": and "draft":, and those in the key itself.
    if repeats_a_member(content, payload, around=2 + line.key.count(":")):
        raise _malformed(content)
    return line, payload


def _malformed(content: bytes) -> Malformed:
    return Malformed(
        [
            msgspec.structs.replace(fault, path=fault.path.removeprefix("/draft"))
            for fault in find_faults(content, BatchLine)
        ]
    )


class _Keyed(msgspec.Struct):
    key: str = ""


def _salvage_key(content: bytes) -> str:
    """The key of a line that is otherwise not understood, so that its sender can find it."""
    try:
        return msgspec.json.decode(content, type=_Keyed).key
    except (ValueError, RecursionError):
        return ""


def _key(text: str) -> IdempotencyKey:
    try:
        return parse_key(text)
    except ValueError:
        raise KeyMissing from None
