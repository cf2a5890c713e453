"""From the sheets of a face to template and pages.

What every sheet has and no tag points at (lines, labels, the QR code) is drawn once, in a
template page behind all of them; the rest page by page.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from kaipiao.delivery.renditions.face.code import draw_qr
from kaipiao.delivery.renditions.face.marks import RGB, Oval, Sheet, Stroke, Text
from kaipiao.delivery.renditions.face.measure import width_mm
from kaipiao.delivery.renditions.face.parts import Face
from kaipiao.delivery.renditions.ofd.canvas import FONT_ID, Canvas
from kaipiao.delivery.renditions.ofd.document import Placed
from kaipiao.delivery.renditions.ofd.fields import FieldNames
from kaipiao.delivery.renditions.ofd.markup import element, part
from kaipiao.delivery.renditions.ofd.tags import Tags

TEMPLATE = "Tpls/Tpl_0/Content.xml"
FOLDER = "Doc_0/"

_LEFT_OF = {"left": 0.0, "center": 0.5, "right": 1.0}
"""How much of a text's width lies left of its place."""


class Drawn:
    """All pages of one face, drawn: their parts, and what the document must know of them."""

    def __init__(self, face: Face, sheets: Sequence[Sheet]) -> None:
        self._ids = count(FONT_ID + 1)
        self._names = FieldNames(face)
        self._first_page: dict[str, int] = {}
        self.tags = Tags()
        self.parts: dict[str, bytes] = {}
        shared = _shared(sheets)
        self.template = self._draw_template(face, sheets[0], shared)
        self.pages = [self._draw_page(at, sheet, shared) for at, sheet in enumerate(sheets)]
        self.last_id = next(self._ids) - 1

    def _draw_template(self, face: Face, first: Sheet, shared: set[Text | Stroke | Oval]) -> Placed:
        own, canvas = next(self._ids), Canvas(self._ids)
        _draw(canvas, (mark for mark in _marks(first) if mark in shared))
        canvas.squares(draw_qr(face.qr), first.qr.x, first.qr.y, first.qr.side)
        self.parts[FOLDER + TEMPLATE] = part("Page", self._content(canvas))
        return Placed(own, TEMPLATE)

    def _draw_page(self, at: int, sheet: Sheet, shared: set[Text | Stroke | Oval]) -> Placed:
        own, canvas = next(self._ids), Canvas(self._ids)
        for mark, shown in _draw(canvas, (m for m in _marks(sheet) if m not in shared)):
            self._note(mark, shown, own)
        path = f"Pages/Page_{at}/Content.xml"
        template = element("Template", TemplateID=self.template.id, ZOrder="Background")
        self.parts[FOLDER + path] = part("Page", template + self._content(canvas))
        return Placed(own, path)

    def _content(self, canvas: Canvas) -> str:
        return element("Content", element("Layer", "".join(canvas.objects), ID=next(self._ids)))

    def _note(self, mark: Text, shown: int, page: int) -> None:
        """Where a fact stands.  What every page repeats (parties, number) is meant on its first."""
        name = self._names.of(mark.field, mark.text) if mark.field else ""
        if name and self._first_page.setdefault(mark.field, page) == page:
            self.tags.note(name, page=page, shown=shown)


def _marks(sheet: Sheet) -> Iterator[Text | Stroke | Oval]:
    yield from sheet.strokes
    yield from sheet.ovals
    yield from sheet.texts


def _shared(sheets: Sequence[Sheet]) -> set[Text | Stroke | Oval]:
    """What all sheets have and no tag points at."""
    shared = {mark for mark in _marks(sheets[0]) if not (isinstance(mark, Text) and mark.field)}
    for sheet in sheets[1:]:
        shared.intersection_update(_marks(sheet))
    return shared


def _draw(canvas: Canvas, marks: Iterable[Text | Stroke | Oval]) -> list[tuple[Text, int]]:
    """Draw them; the texts, each with the id of its object."""
    texts = []
    for mark in marks:
        color = RGB[mark.color]
        if isinstance(mark, Stroke):
            canvas.line((mark.x1, mark.y1, mark.x2, mark.y2), mark.width, color)
        elif isinstance(mark, Oval):
            box = (mark.x - mark.rx, mark.y - mark.ry, 2 * mark.rx, 2 * mark.ry)
            canvas.ellipse(box, mark.width, color)
        else:
            left = mark.x - _LEFT_OF[mark.align] * width_mm(mark.text, mark.size)
            texts.append((mark, canvas.text(mark.text, left, mark.y, mark.size, color)))
    return texts
