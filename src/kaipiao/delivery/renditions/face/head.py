"""Above the box: the title, the platform's oval, the QR code's place, number and date."""

from collections.abc import Iterator

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.marks import CENTRE, Mark, Oval, Stroke, Text
from kaipiao.delivery.renditions.face.measure import fit, width_mm
from kaipiao.delivery.renditions.face.parts import Face


def head_marks(face: Face) -> Iterator[Mark]:
    middle = paper.WIDTH / 2
    yield Text(
        x=middle, y=12.2, size=6.0, text=face.title, align="center", color="label", field="title"
    )
    half = width_mm(face.title, 6.0) / 2 + 1.0
    for y in (14.6, 15.3):
        yield Stroke(x1=middle - half, y1=y, x2=middle + half, y2=y, width=0.25)
    for at, tag in enumerate(face.tags):
        yield Text(x=28.5, y=9.4 + 5.0 * at, size=3.6, text=tag, color="label", field=f"tag.{at}")
    for y, label, value, field in (
        (9.4, "发票号码：", face.number, "number"),
        (15.2, "开票日期：", face.issued_on, "issued_on"),
    ):
        yield Text(x=148.0, y=y, size=3.3, text=label, color="label")
        yield Text(x=164.0, y=y, size=3.3, text=value, field=field)
    yield from _oval(face.oval)


def _oval(lines: tuple[str, ...]) -> Iterator[Mark]:
    """The platform's own: two thin rings and its name; drawn below the title, not on it."""
    middle, y = paper.WIDTH / 2, 21.8
    yield Oval(x=middle, y=y, rx=17.0, ry=5.2, width=0.35)
    yield Oval(x=middle, y=y, rx=16.3, ry=4.5, width=0.12)
    *names, what = lines
    largest = next(size for count, size, _ in paper.OVAL_SIZES if count >= len(names))
    size = min(fit(name, largest, paper.OVAL_WIDTH) for name in names)
    pitch = 3.4 if len(names) == 1 else 1.15 * size
    top = y - (pitch * len(names) + 2.1) / 2 + 0.1
    for at, name in enumerate(names):
        baseline = top + at * pitch + size * (0.5 + CENTRE)
        yield Text(x=middle, y=baseline, size=size, text=name, align="center", color="oval")
    baseline = top + len(names) * pitch + 2.1 * (0.5 + CENTRE)
    yield Text(x=middle, y=baseline, size=2.1, text=what, align="center", color="oval")


def page_number_marks(index: int, count: int) -> Iterator[Mark]:
    if count > 1:
        text = f"共{count}页 第{index + 1}页"
        yield Text(x=paper.RIGHT, y=25.4, size=2.8, text=text, align="right", color="label")
