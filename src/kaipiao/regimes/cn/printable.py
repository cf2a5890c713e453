"""Which characters our documents can show: those that their typeface has.

Known before an invoice is issued, so that nobody is ever handed a page with a hole in it.
``typeface.py`` holds the data; a test compares it with the font file.
"""

import re
import unicodedata
from base64 import b85decode
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise
from zlib import decompress

from kaipiao.regimes.cn.typeface import TYPEFACE

GETA = "〓"
"""Printed for a character that cannot be (下駄): only in invoices older than the rule."""

_RUNS_MAX_BYTES = 65_536


_Find = Callable[[str], re.Match[str] | None]


def unpack_characters(packed: str) -> list[range]:
    """Runs of code points, ascending: the gap before each and its length, seven bits a byte."""
    numbers, value, shift = [], 0, 0
    for byte in decompress(b85decode(packed), bufsize=_RUNS_MAX_BYTES):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(value)
            value = shift = 0
    runs, at = [], 0
    for gap, more in zip(numbers[::2], numbers[1::2], strict=True):
        runs.append(range(at + gap, at + gap + more + 1))
        at += gap + more
    return runs


def runs_of(code_points: Iterable[int]) -> Iterator[range]:
    """Ascending runs of code points that follow one another."""
    ordered = sorted(code_points)
    starts = (at for at, point in enumerate(ordered) if at == 0 or ordered[at - 1] != point - 1)
    for start, after in pairwise([*starts, len(ordered)]):
        yield range(ordered[start], ordered[after - 1] + 1)


def _outside(runs: Iterable[range], more: str = "") -> _Find:
    """Finds the first character that is in none of the runs."""
    inside = "".join(f"{re.escape(chr(run[0]))}-{re.escape(chr(run[-1]))}" for run in runs)
    return re.compile(f"[^{more}{inside}]").search


def _printable(runs: Iterable[range]) -> Iterator[range]:
    """The runs without what Python calls unprintable: blanks but the plain one, private use."""
    for run in runs:
        if "".join(map(chr, run)).isprintable():
            yield run
        else:
            yield from runs_of(point for point in run if chr(point).isprintable())


_RUNS = unpack_characters(TYPEFACE.packed)
_find_unplain = _outside(_printable(_RUNS))


@cache
def _unshown() -> _Find:
    return _outside(_RUNS, "\n")


def first_unshown(text: str) -> int | None:
    """Where its first character stands that the typeface has not; a line break needs none."""
    found = _unshown()(text)
    return found.start() if found else None


def is_plainly_shown(text: str) -> bool:
    """Whether each character is in the typeface and printable, in one look (for ``plain.py``)."""
    return _find_unplain(text) is None


def with_geta(text: str) -> str:
    """The text as it can be printed."""
    while (place := first_unshown(text)) is not None:
        text = f"{text[:place]}{GETA}{text[place + 1 :]}"
    return text


def name_of(character: str) -> str:
    """``U+2A6D6 CJK UNIFIED IDEOGRAPH-2A6D6``."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()
