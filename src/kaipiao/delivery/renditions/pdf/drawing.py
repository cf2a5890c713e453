"""The drawing handed to ``page.typ``: plain lists of numbers and texts."""

from datetime import datetime

import msgspec

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.code import Code, draw_qr
from kaipiao.delivery.renditions.face.layout import lay_out
from kaipiao.delivery.renditions.face.marks import RGB, Sheet, Text
from kaipiao.delivery.renditions.face.measure import width_mm
from kaipiao.delivery.renditions.face.parts import Face
from kaipiao.delivery.renditions.fonts import FONT_FAMILY

_COLOR = {name: at for at, name in enumerate(RGB)}
_BEFORE = {"left": 0.0, "center": 0.5, "right": 1.0}
"""How much of a text's width lies left of its ``x``."""


class Attachment(msgspec.Struct, frozen=True):
    """A file inside the PDF: the same invoice, for programs."""

    name: str
    content: str
    media_type: str
    description: str


class _Drawn(msgspec.Struct, frozen=True):
    texts: list[tuple[float, float, float, int, str]]  # x, y, size, color, text
    strokes: list[tuple[float, float, float, float, float, int]]  # from, to, width, color
    ovals: list[tuple[float, float, float, float, float, int]]  # middle, radii, width, color
    qr: tuple[float, float, float]  # x, y, side


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """``stacked``: all pages below one another on one, for a picture."""

    title: str
    author: str
    keywords: tuple[str, ...]
    issued_at: tuple[int, int, int, int, int, int]
    font: str = FONT_FAMILY
    width: float = paper.WIDTH
    height: float = paper.HEIGHT
    colors: tuple[tuple[int, int, int], ...] = tuple(RGB.values())
    code: dict[str, object]
    sheets: list[_Drawn]
    stacked: bool
    files: tuple[Attachment, ...]


def draw(
    face: Face, author: str, files: tuple[Attachment, ...] = (), *, stacked: bool = False
) -> str:
    """The drawing of a face, as JSON."""
    drawing = Drawing(
        title=f"{face.title} {face.number}",
        author=author,
        keywords=(face.number,),
        issued_at=_parts_of(face.issued_at),
        code=_code(draw_qr(face.qr)),
        sheets=[_drawn(sheet) for sheet in lay_out(face)],
        stacked=stacked,
        files=files,
    )
    return msgspec.json.encode(drawing).decode()


def _parts_of(instant: datetime) -> tuple[int, int, int, int, int, int]:
    return instant.timetuple()[:6]


def _code(code: Code) -> dict[str, object]:
    return {"side": code.side, "runs": code.runs}


def _drawn(sheet: Sheet) -> _Drawn:
    return _Drawn(
        texts=[_text(text) for text in sheet.texts],
        strokes=[(s.x1, s.y1, s.x2, s.y2, s.width, _COLOR[s.color]) for s in sheet.strokes],
        ovals=[(o.x, o.y, o.rx, o.ry, o.width, _COLOR[o.color]) for o in sheet.ovals],
        qr=(sheet.qr.x, sheet.qr.y, sheet.qr.side),
    )


def _text(text: Text) -> tuple[float, float, float, int, str]:
    """Placed by its left end, on whole micrometres."""
    x = text.x - _BEFORE[text.align] * width_mm(text.text, text.size)
    return round(x, 3), round(text.y, 3), round(text.size, 3), _COLOR[text.color], text.text
