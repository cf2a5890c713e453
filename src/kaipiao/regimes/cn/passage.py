"""Plain drafts in one passage: from the bytes of a body to what the ledger must know.

A platform reads tens of thousands of drafts a second, and nearly all of them are plain: well
formed, and no rule has anything to say.  For those nothing between the bytes and the fen is
worth an object of its own.  A passage decodes, spells canonically, checks and settles at once.
None means nothing but "go the long way", which also knows what to say.

There are two of them.  ``_passage`` is compiled by the package's own build where there is a
compiler, and takes a fifth of the time; ``SlowPassage`` is this file, says what is right, and
is used where the other is not.  Tests hold the two together.
"""

from datetime import date
from functools import lru_cache

import msgspec

from kaipiao.base.canonical import canonical
from kaipiao.base.repeated import repeats_a_member
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import parse_key
from kaipiao.fiscal.plain import Passage, Plain
from kaipiao.fiscal.settle import settle
from kaipiao.regimes.cn.law import Law, law_on
from kaipiao.regimes.cn.plain import is_plain
from kaipiao.regimes.cn.printable import is_plainly_shown

try:
    from kaipiao.regimes.cn._passage import Passage as SwiftPassage
except ImportError:  # it was installed where there was no compiler
    SwiftPassage = None  # type: ignore[assignment, misc]

_BMP = 0x10000


class _Keyed(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    draft: msgspec.Raw


_decode = msgspec.json.Decoder(Draft).decode
_decode_keyed = msgspec.json.Decoder(_Keyed).decode


class SlowPassage:
    """In Python: what the compiled one must agree with."""

    def __init__(self, law: Law) -> None:
        self._law = law

    def read(self, body: bytes) -> Plain | None:
        try:
            draft = _decode(body)
        except (ValueError, RecursionError):
            return None
        payload = canonical(draft)
        if draft.element is not None or not is_plain(draft, self._law):
            return None
        if repeats_a_member(body, payload):
            return None
        lines = settle(draft)
        amounts = tuple(fen for line in lines for fen in (line.net_fen, line.tax_fen))
        seller = draft.seller.taxpayer_id
        return seller, payload, amounts, sum(amounts[::2]), sum(amounts[1::2])

    def read_keyed(self, line: bytes) -> tuple[str, Plain] | None:
        try:
            keyed = _decode_keyed(line)
            key = parse_key(keyed.key)
        except (ValueError, RecursionError):
            return None
        body = bytes(keyed.draft)
        plain = self.read(body)
        # Two colons more: "key": and "draft":, and those in the key itself.
        if plain is None or repeats_a_member(line, body, around=2 + key.count(":")):
            return None
        return key, plain


@lru_cache(maxsize=1)  # 50 ms: once, not at every midnight
def shown_in_bmp() -> bytes:
    """One bit for each character of the BMP that may stand in a plain text, and in JSON as is."""
    shown = bytearray(_BMP // 8)
    for character in range(_BMP):
        if is_plainly_shown(chr(character)) and chr(character) not in '"\\':
            shown[character >> 3] |= 1 << (character & 7)
    return bytes(shown)


@lru_cache(maxsize=8)
def passage_on(on: date) -> Passage:
    """The passage by the law of that Beijing day."""
    law = law_on(on)
    return SlowPassage(law) if SwiftPassage is None else SwiftPassage(law, shown_in_bmp())
