"""A run as one static page: is it alike, in one bar; and where not, both answers side by side.

Nothing on it is fetched, and every text of an invoice is escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice
from typing import Literal

from kaipiao.continuity.drill.page import STYLE
from kaipiao.continuity.shadow.book import Divergence, Tally
from kaipiao.continuity.shadow.plan import Plan
from kaipiao.continuity.shadow.report import COUNTS, KINDS, counts_of, refusal_of, sentence, shown

Language = Literal["zh", "en"]

SHOWN = 200
"""So many divergences are on the page; ``report --all`` has them all."""

WIDE, HIGH = 960, 34
COLOURS = {
    "same": "var(--good)",
    "diverged": "var(--bad)",
    "only_here": "var(--late)",
    "only_there": "var(--bar)",
    "waiting": "var(--line)",
}

MORE_STYLE = """
section{border:1px solid var(--line);border-radius:.5rem;padding:.2rem 1rem 1rem;margin:1rem 0}
section h2{font-size:1rem;margin:.8rem 0 .4rem}code{font-size:.85rem;overflow-wrap:anywhere}
section table{table-layout:fixed}section th:first-child{width:24%}
td.here{background:color-mix(in srgb,var(--good) 9%,transparent)}
td.there{background:color-mix(in srgb,var(--bad) 9%,transparent)}
"""


def render_page(
    plan: Plan | None, tally: Tally, found: Iterable[Divergence], language: Language
) -> bytes:
    """UTF-8."""
    title = "双轨并行" if language == "zh" else "Shadow run"
    listed = list(islice(found, SHOWN + 1))
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title><style>{STYLE}{MORE_STYLE}</style>",
        f"<h1>{title}</h1><p class=sub>{escape(_about(plan, tally))}</p>",
        f'<p class="verdict {"good" if tally.is_alike else "bad"}">',
        escape(sentence(tally)[language == "en"]) + "</p>",
        _bar(tally, language),
        _numbers(tally, language),
        *(_section(one, language) for one in listed[:SHOWN]),
    ]
    if len(listed) > SHOWN:
        more = "其余: kaipiao shadow report --all" if language == "zh" else "more: report --all"
        parts.append(f"<p class=sub>{more}</p>")
    return "\n".join(parts).encode() + b"\n"


def _about(plan: Plan | None, tally: Tally) -> str:
    who = f"{plan.shadow} · " if plan else ""
    looked = f" · {tally.looked_at:%Y-%m-%d %H:%M:%S} UTC" if tally.looked_at else ""
    return f"{who}{tally.version}{looked}"


def _bar(tally: Tally, language: Language) -> str:
    counts = counts_of(tally)._asdict()
    whole = sum(counts[name] for name in COLOURS) or 1
    names = {name: words[language == "en"] for name, words in COUNTS}
    at, parts = 0.0, []
    for name, colour in COLOURS.items():
        # What there is at all can be seen, however many are alike.
        wide = max(WIDE * counts[name] / whole, 3.0) if counts[name] else 0.0
        told = f"<title>{escape(names[name])}: {counts[name]:,}</title>"
        where = f'x="{min(at, WIDE - wide):.1f}" width="{wide:.1f}" height="{HIGH}"'
        parts.append(f'<rect {where} style="fill:{colour}">{told}</rect>' if wide else "")
        at += wide
    return f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img">{"".join(parts)}</svg>'


def _numbers(tally: Tally, language: Language) -> str:
    counts = counts_of(tally)._asdict()
    boxes = (
        f'<div><dt><span style="color:{COLOURS.get(name, "inherit")}">■</span> '
        f"{escape(words[language == 'en'])}</dt><dd>{counts[name]:,}</dd></div>"
        for name, words in COUNTS
    )
    return f"<dl>{''.join(boxes)}</dl>"


def _section(one: Divergence, language: Language) -> str:
    kind = KINDS[one.kind][language == "en"]
    number = str((one.here or one.there or {}).get("number", ""))
    head = f"{number} · {one.seller} · {one.key}"
    heads = ("", "本单元", "影子") if language == "zh" else ("", "this cell", "the shadow")
    rows = "".join(
        f"<tr><td><code>{escape(path)}</code><td class=here><code>{escape(here)}</code>"
        f"<td class=there><code>{escape(there)}</code>"
        for path, here, there in _rows(one, language)
    )
    titles = "".join(f"<th>{title}" for title in heads)
    return (
        f'<section><h2><span class="bad">{escape(kind)}</span> {escape(head)}</h2>'
        f"<table><tr>{titles}</tr>{rows}</table></section>"
    )


def _rows(one: Divergence, language: Language) -> Sequence[tuple[str, str, str]]:
    """Path, here, there."""
    if one.kind == "content":
        return [(apart.path, shown(apart.here), shown(apart.there)) for apart in one.differences]
    if one.kind == "stranger":
        return [("", "–", shown(one.there))]
    issued = shown((one.here or {}).get("totals"))
    said = [words[language == "en"].strip() for words in refusal_of(one)]
    return [("", issued, "\n".join(said))]
