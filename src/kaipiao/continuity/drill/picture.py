"""The picture of a drill: acknowledged a second as bars, the slowest answer as a line, marks.

The two have scales of their own, each with its greatest number written beside it.
"""

import math
from html import escape
from typing import Literal

from kaipiao.continuity.drill.journal import Journal, Taken

WIDE, HIGH = 960, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 60, 46, 28
INNER_W, INNER_H = WIDE - LEFT - RIGHT, HIGH - TOP - BOTTOM
TICKS = 12
"""At most so many seconds are written on the axis."""


def draw(journal: Journal, language: Literal["zh", "en"]) -> str:
    """One SVG, to be put into a page."""
    zh = language == "zh"
    span_s = max(len(journal.load), 1)
    most = max((one.acknowledged for one in journal.load), default=0) or 1
    slowest = max((one.slowest_ms for one in journal.load), default=0.0) or 1.0
    title = "每秒确认的发票、最慢应答、各步骤" if zh else "Acknowledged a second, slowest, steps"
    left = f"{most} {'张/秒' if zh else '/s'}"
    right = f"{slowest:,.0f} ms"
    parts = [
        f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{title}">',
        _silence(journal, span_s),
        *_axis(span_s),
        *_bars(journal, span_s, most),
        *_lines(journal, span_s, slowest),
        *_marks(journal.steps, span_s, zh),
        f'<text x="{LEFT - 4}" y="{TOP + 4}" text-anchor="end">{left}</text>',
        f'<text x="{WIDE - RIGHT + 4}" y="{TOP + 4}" style="fill:var(--late)">{right}</text>',
        "</svg>",
        f'<p class=sub><span style="color:var(--bar)">■</span> '
        f"{'每秒确认的发票' if zh else 'invoices acknowledged a second'} &nbsp; "
        f'<span style="color:var(--late)">—</span> '
        f"{'该秒最慢的应答' if zh else 'slowest answer of the second'} &nbsp; "
        f'<span style="color:var(--bad)">┆</span> {"故障" if zh else "broken"} &nbsp; '
        f'<span style="color:var(--good)">┆</span> {"复原" if zh else "put back"}</p>',
    ]
    return "\n".join(parts)


def _x(at_s: float, span_s: int) -> float:
    return round(LEFT + INNER_W * min(at_s / span_s, 1.0), 1)


def _silence(journal: Journal, span_s: int) -> str:
    """The longest one since the fault, shaded."""
    from_s, lasts_s = journal.silence_at_s, journal.longest_silence_s
    if not lasts_s:
        return ""
    from_x, to_x = _x(from_s, span_s), _x(from_s + lasts_s, span_s)
    width = max(to_x - from_x, 1.0)
    return f'<rect class="out" x="{from_x}" y="{TOP}" width="{width:.1f}" height="{INNER_H}"/>'


def _axis(span_s: int) -> list[str]:
    foot = HIGH - BOTTOM
    every = max(1, math.ceil(span_s / TICKS))
    ticks = [
        f'<text x="{_x(at, span_s)}" y="{foot + 16}" text-anchor="middle">{at} s</text>'
        for at in range(0, span_s + 1, every)
    ]
    return [
        f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDE - RIGHT}" y2="{y}"/>'
        for y in (TOP, TOP + INNER_H // 2, foot)
    ] + ticks


def _bars(journal: Journal, span_s: int, most: int) -> list[str]:
    wide = INNER_W / span_s
    bars = []
    for place, second in enumerate(journal.load):
        high = INNER_H * second.acknowledged / most
        where = f'x="{_x(place, span_s)}" y="{TOP + INNER_H - high:.1f}"'
        size = f'width="{max(wide - 1, 0.5):.1f}" height="{high:.1f}"'
        told = f"<title>{place} s: {second.acknowledged}, {second.slowest_ms:.0f} ms</title>"
        bars.append(f'<rect class="bar" {where} {size}>{told}</rect>')
    return bars


def _lines(journal: Journal, span_s: int, slowest: float) -> list[str]:
    """Broken where nobody was answered: there is nothing to say about those seconds."""
    pieces: list[list[str]] = [[]]
    for place, one in enumerate(journal.load):
        if not one.acknowledged:
            pieces.append([])
            continue
        y = TOP + INNER_H * (1 - one.slowest_ms / slowest)
        pieces[-1].append(f"{_x(place + 0.5, span_s)},{y:.1f}")
    return [f'<polyline class="late" points="{" ".join(one)}"/>' for one in pieces if one]


def _marks(steps: list[Taken], span_s: int, zh: bool) -> list[str]:
    """A dashed line and a number for each step; two rows, so that neighbours do not meet."""
    marks = []
    for place, one in enumerate(steps):
        x, kind = _x(one.at_s, span_s), "mend" if one.en == "put back" else "mark"
        text = one.zh if zh else one.en
        anchor = "end" if x > LEFT + INNER_W * 0.75 else "start"
        y = 14 + 15 * (place % 2)
        marks.append(f'<line class="{kind}" x1="{x}" y1="{y + 4}" x2="{x}" y2="{HIGH - BOTTOM}"/>')
        marks.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>')
    return marks
