"""Every try of every drill as one picture: a panel a drill, a line a try, the fault at zero."""

from collections.abc import Sequence
from html import escape

from kaipiao.continuity.drill.journal import Journal
from kaipiao.continuity.drill.series import Tries

COLUMNS = 2
PANEL_W, PANEL_H = 480, 150
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 34, 26
INNER_W, INNER_H = PANEL_W - LEFT - RIGHT, PANEL_H - TOP - BOTTOM
BEFORE_S, AFTER_S = 3, 32
TICK_S = 5

STYLE = """
svg{background:#fff;font:12px system-ui,"Noto Sans CJK SC",sans-serif}
text{fill:#5b6675}.name{fill:#1c2430;font-weight:600;font-size:13px}
.grid{stroke:#e3e8ee}.zero{stroke:#b3261e;stroke-dasharray:3 3}.limit{fill:#b3261e;opacity:.07}
.try{fill:none;stroke:#4a78c2;stroke-width:1.4;stroke-linejoin:round;opacity:.75}
.missed{stroke:#b3261e}
"""


def draw_panels(tries: Sequence[Tries]) -> str:
    """A whole SVG file, in English: it lies beside a page in English."""
    rows = -(-len(tries) // COLUMNS)
    wide, high = COLUMNS * PANEL_W, rows * PANEL_H
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img" '
        'aria-label="invoices acknowledged a second around the fault, each try">',
        f"<style>{STYLE}</style>",
    ]
    for place, one in enumerate(tries):
        x, y = place % COLUMNS * PANEL_W, place // COLUMNS * PANEL_H
        parts += [f'<g transform="translate({x} {y})">', *_panel(one), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _panel(tries: Tries) -> list[str]:
    most = max((one.acknowledged for each in tries.journals for one in each.load), default=0) or 1
    limit_w = INNER_W * min(tries.limit_s, AFTER_S) / (BEFORE_S + AFTER_S)
    name = f"{escape(tries.drill)}: {tries.held} of {len(tries.journals)} held"
    lines = [line for one in tries.journals if (line := _line(one, most))]
    return [
        f'<rect class="limit" x="{_x(0)}" y="{TOP}" width="{limit_w:.1f}" height="{INNER_H}"/>',
        *_axis(),
        *lines,
        f'<line class="zero" x1="{_x(0)}" y1="{TOP}" x2="{_x(0)}" y2="{PANEL_H - BOTTOM}"/>',
        f'<text class="name" x="{LEFT}" y="{TOP - 10}">{name}</text>',
        f'<text x="{PANEL_W - RIGHT}" y="{TOP - 10}" text-anchor="end">'
        f"limit {tries.limit_s:g} s</text>",
        f'<text x="{LEFT - 4}" y="{TOP + 10}" text-anchor="end">{most}/s</text>',
    ]


def _x(at_s: float) -> float:
    return round(LEFT + INNER_W * (at_s + BEFORE_S) / (BEFORE_S + AFTER_S), 1)


def _axis() -> list[str]:
    y, parts = PANEL_H - BOTTOM, []
    for at_s in range(0, AFTER_S + 1, TICK_S):
        parts.append(f'<line class="grid" x1="{_x(at_s)}" y1="{TOP}" x2="{_x(at_s)}" y2="{y}"/>')
        parts.append(f'<text x="{_x(at_s)}" y="{y + 16}" text-anchor="middle">{at_s} s</text>')
    return parts


def _line(journal: Journal, most: int) -> str:
    """Its load, with the fault at zero, without the last second, which is none; or nothing."""
    fault_s = next((one.at_s for one in journal.steps if one.counts), None)
    if fault_s is None:
        return ""
    points = []
    for place, second in enumerate(journal.load[:-1]):
        at_s = place + 0.5 - fault_s
        if -BEFORE_S <= at_s <= AFTER_S:
            y = TOP + INNER_H * (1 - second.acknowledged / most)
            points.append(f"{_x(at_s)},{y:.1f}")
    kind = "try" if journal.held else "try missed"
    return f'<polyline class="{kind}" points="{" ".join(points)}"/>'
