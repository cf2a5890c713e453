"""Placed texts and strokes, in millimetres from the top left of the page.

``y`` of a text is its baseline, ``x`` its left end, middle or right end as its ``align`` says.
A text that is a fact of the invoice bears the fact's name in ``field``, for formats that map
them; labels have none.
"""

from typing import Literal

import msgspec

from kaipiao.delivery.renditions.face.parts import Align

Color = Literal["ink", "label", "oval"]
RGB: dict[Color, tuple[int, int, int]] = {
    "ink": (0, 0, 0),
    "label": (146, 72, 30),  # the brown of the trade's printed forms
    "oval": (20, 92, 128),  # the platform's own blue: nobody takes it for a state's red
}

CENTRE = 0.37
"""From the middle of a character down to its baseline, in sizes of type."""


class Text(msgspec.Struct, frozen=True, kw_only=True):
    x: float
    y: float
    size: float
    text: str
    align: Align = "left"
    color: Color = "ink"
    field: str = ""


class Stroke(msgspec.Struct, frozen=True, kw_only=True):
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    width: float = 0.2
    color: Color = "label"


class Oval(msgspec.Struct, frozen=True, kw_only=True):
    x: float  # of its middle
    y: float
    rx: float
    ry: float
    width: float
    color: Color = "oval"


class Square(msgspec.Struct, frozen=True, kw_only=True):
    """Where the QR code stands."""

    x: float
    y: float
    side: float


Mark = Text | Stroke | Oval | Square


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One page, ready to be drawn."""

    texts: tuple[Text, ...]
    strokes: tuple[Stroke, ...]
    ovals: tuple[Oval, ...]
    qr: Square
