"""What is drawn on one page: text objects and path objects, each with an id of its own.

Millimetres from the top left.  A text's place is the left end of its baseline.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

from kaipiao.delivery.renditions.face.code import Code
from kaipiao.delivery.renditions.face.measure import FULL, advance
from kaipiao.delivery.renditions.ofd.markup import array, decimal, element, leaf

Color = tuple[int, int, int]
BLACK: Color = (0, 0, 0)

ASCENT, HEIGHT = 0.95, 1.3
"""Of the box around a line of text, in parts of its size: some viewers cut off what sticks out."""

FONT_ID = 1
KAPPA = 0.5522847498
"""How far a Bézier's handles reach for a quarter of a circle."""


class Canvas:
    """The objects of one layer.  ``ids`` is shared by all pages of a document."""

    def __init__(self, ids: Iterator[int]) -> None:
        self._ids = ids
        self.objects: list[str] = []

    def text(self, text: str, x: float, y: float, size: float, color: Color = BLACK) -> int:
        """One line of text; the id of its object."""
        own, width = next(self._ids), max(advance(text) * size / FULL, size)
        box = f"{decimal(x)} {decimal(y - ASCENT * size)} {decimal(width)} {decimal(HEIGHT * size)}"
        # Spelled out, as there are a thousand of them in a long invoice.
        self.objects.append(
            f'<ofd:TextObject ID="{own}" Boundary="{box}" Font="{FONT_ID}" Size="{decimal(size)}">'
            f"{_fill(color)}{_text_code(text, size)}</ofd:TextObject>"
        )
        return own

    def line(
        self, ends: tuple[float, float, float, float], width: float, color: Color = BLACK
    ) -> int:
        """A straight line from ``x1, y1`` to ``x2, y2``."""
        x1, y1, x2, y2 = ends
        left, top, half = min(x1, x2), min(y1, y2), width / 2
        box = (left - half, top - half, abs(x2 - x1) + width, abs(y2 - y1) + width)
        path = f"M {array(x1 - box[0], y1 - box[1])} L {array(x2 - box[0], y2 - box[1])}"
        return self._stroked(path, box, width, color)

    def ellipse(
        self, box: tuple[float, float, float, float], width: float, color: Color = BLACK
    ) -> int:
        """An ellipse inside ``x, y, width, height``: four Béziers, since not all draw arcs."""
        x, y, wide, high = box
        half = width / 2
        around = (x - half, y - half, wide + width, high + width)
        return self._stroked(_ellipse(wide / 2, high / 2, half), around, width, color)

    def squares(self, code: Code, x: float, y: float, side: float, color: Color = BLACK) -> int:
        """The dark modules of a QR code as one filled path."""
        pitch = side / code.side
        return self._add(
            "PathObject",
            _fill(color) + leaf("AbbreviatedData", " ".join(_rectangles(code, pitch))),
            Boundary=array(x, y, side, side),
            Stroke="false",
            Fill="true",
        )

    def _stroked(
        self, path: str, box: tuple[float, float, float, float], width: float, color: Color
    ) -> int:
        stroke = element("StrokeColor", Value=array(*color))
        return self._add(
            "PathObject",
            stroke + leaf("AbbreviatedData", path),
            Boundary=array(*box),
            LineWidth=decimal(width),
        )

    def _add(self, name: str, inside: str, **attributes: object) -> int:
        own = next(self._ids)
        self.objects.append(element(name, inside, ID=own, **attributes))
        return own


@lru_cache(maxsize=16)
def _fill(color: Color) -> str:
    return element("FillColor", Value=array(*color))


@lru_cache(maxsize=8_192)
def _text_code(text: str, size: float) -> str:
    """The characters and where each stands; labels, units and rates come back all the time."""
    steps = _steps([decimal(advance(character) * size / FULL) for character in text[:-1]])
    return leaf("TextCode", text, X=0, Y=decimal(ASCENT * size), **steps)


def _steps(steps: list[str]) -> dict[str, str]:
    """DeltaX: from each character to the next; equal steps in a row as ``g count step``."""
    runs = ((step, len(list(run))) for step, run in groupby(steps))
    written = [
        f"g {count} {step}" if count > 2 else " ".join([step] * count) for step, count in runs
    ]
    return {"DeltaX": " ".join(written)} if written else {}


def _ellipse(a: float, b: float, edge: float) -> str:
    """From the right end downwards and around; ``edge`` is the air on each side."""
    x, y, i, j = a + edge, b + edge, a * KAPPA, b * KAPPA
    quarters = (
        (x + a, y + j, x + i, y + b, x, y + b),
        (x - i, y + b, x - a, y + j, x - a, y),
        (x - a, y - j, x - i, y - b, x, y - b),
        (x + i, y - b, x + a, y - j, x + a, y),
    )
    return f"M {array(x + a, y)} " + " ".join(f"B {array(*points)}" for points in quarters) + " C"


def _rectangles(code: Code, pitch: float) -> Iterator[str]:
    """Each run of dark modules, closed."""
    edges = [decimal(at * pitch) for at in range(code.side + 1)]
    for x, y, length in code.runs:
        left, right, top, bottom = edges[x], edges[x + length], edges[y], edges[y + 1]
        yield f"M {left} {top} L {right} {top} L {right} {bottom} L {left} {bottom} C"
