"""Pictures on a terminal: three ways to send one, and which of them this terminal understands.

Terminals say who they are in the environment; none is asked.  Inside tmux or screen nothing is
sent, for both swallow pictures or garble them.
"""

import base64
import io
import re
from collections.abc import Iterator, Mapping
from typing import Literal

Way = Literal["kitty", "iterm", "sixel"]

COLUMNS_MAX = 110
"""As wide as a page is shown; a narrower terminal is filled."""

CELL_PIXELS = 10
"""Sixel knows only pixels: how many of them a column is taken to be wide."""

SIXEL_COLORS = 32
_CHUNK = 4096
_KITTY = frozenset({"ghostty"})
_ITERM = frozenset({"iTerm.app", "WezTerm", "mintty", "rio"})
_SIXEL = ("foot", "mlterm", "contour", "yaft", "xterm-sixel")


def way_of(environment: Mapping[str, str]) -> Way | None:
    """How to show a picture on the terminal of this environment; None: not at all."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if "TMUX" in environment or term.startswith(("tmux", "screen", "dumb")):
        return None
    if "KITTY_WINDOW_ID" in environment or term == "xterm-kitty" or program in _KITTY:
        return "kitty"
    if program in _ITERM or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm"
    return "sixel" if term.startswith(_SIXEL) or "WT_SESSION" in environment else None


def encode_picture(png: bytes, way: Way, columns: int) -> bytes:
    """What to write to the terminal; the picture becomes ``columns`` wide, at most 110."""
    columns = min(columns, COLUMNS_MAX)
    if way == "kitty":
        return b"".join(_kitty(base64.b64encode(png), columns)) + b"\n"
    if way == "iterm":
        about = f"inline=1;size={len(png)};width={columns};preserveAspectRatio=1"
        return b"\x1b]1337;File=%s:%s\a\n" % (about.encode(), base64.b64encode(png))
    return _sixel(png, columns * CELL_PIXELS)


def _kitty(encoded: bytes, columns: int) -> Iterator[bytes]:
    """Kitty's graphics protocol: chunks of base64, all but the last marked as going on."""
    for start in range(0, len(encoded), _CHUNK):
        chunk = encoded[start : start + _CHUNK]
        more = int(start + _CHUNK < len(encoded))
        about = f"a=T,f=100,c={columns},m={more}" if start == 0 else f"m={more}"
        yield b"\x1b_G%s;%s\x1b\\" % (about.encode(), chunk)


def _sixel(png: bytes, width: int) -> bytes:
    """DEC's sixel: bands of six rows, in each of them one pass for each colour."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    height = round(picture.height * width / picture.width)
    small = picture.resize((width, height)).quantize(SIXEL_COLORS, dither=Image.Dither.NONE)
    palette, pixels = small.getpalette() or [], small.tobytes()
    out = [b'\x1bPq"1;1;%d;%d' % (width, height)]
    for color in range(len(palette) // 3):
        shares = [value * 100 // 255 for value in palette[3 * color : 3 * color + 3]]
        out.append(b"#%d;2;%d;%d;%d" % (color, *shares))
    for top in range(0, height, 6):
        rows = [pixels[y * width : (y + 1) * width] for y in range(top, min(top + 6, height))]
        out += (b"$".join(_passes(rows)), b"-")
    return b"".join([*out, b"\x1b\\\n"])


def _passes(rows: list[bytes]) -> Iterator[bytes]:
    """For each colour of a band, its six bits a column as printable characters, runs shortened.

    The bits of the rows differ, so whole rows are joined as one large number each.
    """
    for color in sorted(set(b"".join(rows))):
        bits = 0
        for place, row in enumerate(rows):
            table = bytes(1 << place if value == color else 0 for value in range(256))
            bits |= int.from_bytes(row.translate(table), "big")
        columns = bits.to_bytes(len(rows[0]), "big").translate(_PRINTABLE)
        yield b"#%d%s" % (color, _RUN.sub(_shorten, columns))


_PRINTABLE = bytes((63 + value) & 0xFF for value in range(256))
_RUN = re.compile(rb"(.)\1{3,}", re.DOTALL)


def _shorten(run: "re.Match[bytes]") -> bytes:
    return b"!%d%s" % (len(run[0]), run[1])
