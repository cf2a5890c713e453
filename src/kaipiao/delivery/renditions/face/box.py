"""The box, and the two parties at its top."""

from collections.abc import Iterator

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.marks import CENTRE, Mark, Stroke, Text
from kaipiao.delivery.renditions.face.measure import width_mm
from kaipiao.delivery.renditions.face.parts import Face, PartyFace


def box_marks() -> Iterator[Mark]:
    for y in (paper.TOP, paper.BOTTOM):
        yield across(y, width=0.35)
    for x in (paper.LEFT, paper.RIGHT):
        yield Stroke(x1=x, y1=paper.TOP, x2=x, y2=paper.BOTTOM, width=0.35)


def across(y: float, width: float = 0.2) -> Stroke:
    return Stroke(x1=paper.LEFT, y1=y, x2=paper.RIGHT, y2=y, width=width)


def down(x: float, top: float, bottom: float) -> Stroke:
    return Stroke(x1=x, y1=top, x2=x, y2=bottom)


def upright(text: str, x: float, top: float, bottom: float) -> Iterator[Mark]:
    """A label in the narrow column, one character below the other."""
    pitch = min(3.4, (bottom - top) / (len(text) + 0.5))
    first = (top + bottom) / 2 - pitch * (len(text) - 1) / 2
    for at, character in enumerate(text):
        y = first + at * pitch + 2.8 * CENTRE
        middle = x + paper.LABEL_WIDTH / 2
        yield Text(x=middle, y=y, size=2.8, text=character, align="center", color="label")


def parties_height(face: Face) -> float:
    lines = max(len(face.buyer.name), len(face.seller.name))
    return paper.party_height(lines, face.buyer.pitch_mm)


def party_marks(face: Face) -> Iterator[Mark]:
    top, bottom = paper.TOP, paper.TOP + parties_height(face)
    yield across(bottom)
    middle = (paper.LEFT + paper.RIGHT) / 2
    for x, party, side in ((paper.LEFT, face.buyer, "buyer"), (middle, face.seller, "seller")):
        if x != paper.LEFT:
            yield down(x, top, bottom)
        yield down(x + paper.LABEL_WIDTH, top, bottom)
        yield from upright(party.label, x, top, bottom)
        yield from _party(party, side, x + paper.LABEL_WIDTH + 1.5, top, bottom)


def _party(party: PartyFace, side: str, x: float, top: float, bottom: float) -> Iterator[Mark]:
    """The name from the upper third on, the id near the bottom."""
    size, pitch = party.size_mm, party.pitch_mm
    y = top + 3.0 + size * (0.5 + CENTRE)
    for at, line in enumerate(party.name):
        yield from _labelled(line, x, y + at * pitch, size, f"{side}.name")
    y = bottom - 1.2 - 0.75 * size  # so that a long name in small type stays clear of it
    yield from _labelled(party.taxpayer_id, x, y, size, f"{side}.taxpayer_id")


def _labelled(line: str, x: float, y: float, size: float, field: str) -> Iterator[Mark]:
    """``名称：…`` in two colours; a line that goes on has no label."""
    label, colon, value = line.partition("：")
    if not colon:
        label, value = "", line
    else:
        yield Text(x=x, y=y, size=size, text=f"{label}：", color="label")
    at = x + width_mm(f"{label}{colon}", size)
    yield Text(x=at, y=y, size=size, text=value, field=field)
