"""The foot of the box: subtotal, totals, the amount in words, the remark; and below it."""

from collections.abc import Iterator

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.box import across, down, upright
from kaipiao.delivery.renditions.face.marks import CENTRE, Mark, Text
from kaipiao.delivery.renditions.face.measure import fit, width_mm
from kaipiao.delivery.renditions.face.parts import Face, Page, Sums

TAX_WIDTH = 42.0
"""The last two columns of every table of items: the rate and the tax."""


def page_foot_marks(page: Page) -> Iterator[Mark]:
    if page.subtotal:
        yield from _sums(page.subtotal, "小  计", paper.BOTTOM - paper.SUBTOTAL_HEIGHT, "")


def last_foot_marks(face: Face, page: Page) -> Iterator[Mark]:
    """From the bottom up: remark, words, totals, and the last page's own subtotal."""
    remark_top = paper.BOTTOM - paper.remark_height(len(face.remark))
    words_top = remark_top - paper.WORDS_HEIGHT
    totals_top = words_top - paper.TOTAL_HEIGHT
    if page.subtotal:
        yield from _sums(page.subtotal, "小  计", totals_top - paper.SUBTOTAL_HEIGHT, "")
    yield from _sums(face.totals, "合  计", totals_top, "totals")
    yield across(words_top)
    yield from _words(face, words_top)
    yield across(remark_top)
    yield from _remark(face, remark_top)


def _sums(sums: Sums, label: str, top: float, field: str) -> Iterator[Mark]:
    """Under the columns of the amounts, which stand alike in every table of items."""
    y = top + paper.SUBTOTAL_HEIGHT / 2 + paper.BODY_SIZE * CENTRE
    size, right = paper.BODY_SIZE, paper.RIGHT - paper.PADDING
    yield Text(x=paper.LEFT + 18.0, y=y, size=size, text=label, align="center", color="label")
    for x, text, name in ((right - TAX_WIDTH, sums.net, "net"), (right, sums.tax, "tax")):
        own = f"{field}.{name}" if field else ""
        yield Text(x=x, y=y, size=size, text=text, align="right", field=own)


def _words(face: Face, top: float) -> Iterator[Mark]:
    bottom = top + paper.WORDS_HEIGHT
    yield down(paper.LEFT + 36.0, top, bottom)
    y = (top + bottom) / 2 + 3.3 * CENTRE
    label = "价税合计（大写）"
    yield Text(x=paper.LEFT + 18.0, y=y, size=3.3, text=label, align="center", color="label")
    x = paper.LEFT + 39.0
    yield Text(x=x, y=y, size=3.3, text="⊗")
    size = fit(face.words, 3.3, 84.0)
    yield Text(x=x + 4.6, y=y, size=size, text=face.words, field="words")
    yield Text(x=142.0, y=y, size=3.3, text="（小写）", color="label")
    size = fit(face.gross, 3.3, paper.RIGHT - 157.0)
    yield Text(x=156.0, y=y, size=size, text=face.gross, field="gross")


def _remark(face: Face, top: float) -> Iterator[Mark]:
    inner = paper.LEFT + paper.LABEL_WIDTH
    yield down(inner, top, paper.BOTTOM)
    yield from upright("备注", paper.LEFT, top, paper.BOTTOM)
    first = top + 1.0 + paper.REMARK_PITCH / 2 + paper.REMARK_SIZE * CENTRE
    for at, line in enumerate(face.remark):
        y = first + at * paper.REMARK_PITCH
        yield Text(x=inner + 1.5, y=y, size=paper.REMARK_SIZE, text=line, field="remark")


def below_marks(face: Face) -> Iterator[Mark]:
    y = paper.BOTTOM + 5.0
    yield Text(x=paper.LEFT + 12.0, y=y, size=3.2, text="开票人：", color="label")
    x = paper.LEFT + 12.0 + width_mm("开票人：", 3.2)
    yield Text(x=x, y=y, size=3.2, text=face.issuer, field="issuer")
    size = fit(face.notice, 2.3, 190.0)
    bottom = paper.HEIGHT - 3.2
    yield Text(
        x=paper.WIDTH / 2, y=bottom, size=size, text=face.notice, align="center", color="oval"
    )
