"""How wide a text is in our typeface, and where it breaks into lines; without the font file.

Widths are thousandths of the type size.  A test compares them with the font's own: never
narrower, and exact for ASCII and Chinese, which is nearly everything.
"""

import re
from functools import lru_cache

FULL = 1000
_ASCII = (
    350, 350, 350, 600, 600, 800, 700, 350, 350, 350, 500, 600, 350, 350, 350, 350,
    600, 600, 600, 600, 600, 600, 600, 600, 600, 600, 350, 350, 600, 600, 600, 600,
    784, 690, 650, 703, 728, 638, 582, 752, 700, 304, 492, 630, 547, 855, 738, 745,
    618, 745, 635, 617, 577, 710, 620, 880, 600, 600, 600, 350, 350, 350, 600, 500,
    500, 575, 573, 530, 575, 543, 370, 580, 588, 263, 301, 510, 263, 816, 588, 562,
    572, 576, 430, 510, 360, 590, 490, 730, 500, 500, 490, 350, 350, 350, 600,
)  # fmt: skip
_WIDTHS = {chr(0x20 + at): width for at, width in enumerate(_ASCII)}
for _text, _width in (
    ("\u00a0·‘’“”", 350),
    ("¥±×÷", 600),
    ("²³", 380),
    ("°", 320),
    ("•", 392),
    ("巟", 977),
    ("霝", 999),
    ("ǄǅǆǊǋǱǲǳǶѸ₨₯\U000ffffd", 1310),
    ("\u2e3a", 2 * FULL),
):
    _WIDTHS |= dict.fromkeys(_text, _width)
"""What is neither ASCII nor as wide as a Chinese character, as far as invoices use it."""

_PIECES = re.compile(r"[0-9A-Za-z.,'%&/+-]+|.", re.DOTALL)
_NEVER_FIRST = frozenset("，。、；：！？）》」』】〉”’…％,.;:!?)]}")


@lru_cache(maxsize=65_536)
def advance(text: str) -> int:
    """The width of one line of text, in thousandths of its size."""
    return sum([_WIDTHS.get(character, FULL) for character in text])


def width_mm(text: str, size_mm: float) -> float:
    return advance(text) * size_mm / FULL


def fit(text: str, size_mm: float, room_mm: float) -> float:
    """The size of type, or a smaller one at which the text fits."""
    width = width_mm(text, size_mm)
    return size_mm if width <= room_mm else size_mm * room_mm / width


def wrap(text: str, wide_mm: float, size_mm: float) -> tuple[str, ...]:
    """Break into lines that fit; words stay whole where they can, and nothing is lost.

    A line break in the text is kept; the blank at which a line breaks is not.
    """
    room = int(wide_mm * FULL / size_mm)
    if "\n" not in text and advance(text) <= room:
        return (text,)
    return tuple([line for part in text.split("\n") for line in _wrap_part(part, room)])


def _wrap_part(text: str, room: int) -> list[str]:
    lines, line, used = [], "", 0
    for piece in _pieces(text, room):
        width = advance(piece)
        if line and used + width > room:
            line, kept = _give_up_last(line, piece, room)
            lines.append(line.rstrip(" "))
            line, used = kept, advance(kept)
            if piece == " " and not line:
                continue
        line, used = line + piece, used + width
    return [*lines, line]


def _pieces(text: str, room: int) -> list[str]:
    """What may not be broken: words, unless one is wider than the line; else characters."""
    pieces: list[str] = []
    for piece in _PIECES.findall(text):
        pieces += (piece,) if advance(piece) <= room else piece
    return pieces


def _give_up_last(line: str, piece: str, room: int) -> tuple[str, str]:
    """A closing mark never begins a line: it takes the character before it along."""
    fits = len(line) > 1 and advance(line[-1] + piece) <= room
    if fits and piece in _NEVER_FIRST and line[-1] not in _NEVER_FIRST:
        return line[:-1], line[-1]
    return line, ""
