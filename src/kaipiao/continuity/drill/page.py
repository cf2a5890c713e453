"""A drill as one static page: what was promised, what was found, and a picture of the load.

Nothing on it is fetched, and every text of the journal is escaped.
"""

from html import escape
from typing import Literal

from kaipiao.continuity.drill.journal import Journal, Taken
from kaipiao.continuity.drill.picture import draw

Language = Literal["zh", "en"]

STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--line:#d7dde5;--paper:#fff;
--good:#12754b;--bad:#b3261e;--bar:#4a78c2;--late:#c77d16}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa6b5;--line:#333c48;--paper:#14181e;
--good:#5fce9d;--bad:#ff8a80;--bar:#7ea6e6;--late:#f0b25a}}
body{font:16px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:var(--ink);background:var(--paper);
max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}p.sub{color:var(--soft);margin:.2rem 0 1.2rem}
.verdict{font-weight:600}.good{color:var(--good)}.bad{color:var(--bad)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem;margin:1rem 0}
dl div{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .8rem}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;display:block}svg text{fill:var(--soft);font-size:11px}
svg .bar{fill:var(--bar)}svg .late{fill:none;stroke:var(--late);stroke-width:1.5}
svg .grid{stroke:var(--line)}svg .mark{stroke:var(--bad);stroke-dasharray:3 3}
svg .mend{stroke:var(--good);stroke-dasharray:3 3}svg .out{fill:var(--bad);opacity:.1}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem .3rem 0;
border-bottom:1px solid var(--line);vertical-align:top}td.n{font-variant-numeric:tabular-nums;
white-space:nowrap}th{color:var(--soft);font-weight:500;font-size:.85rem}
"""


def render_page(journal: Journal, language: Language) -> bytes:
    """The page, UTF-8."""

    def t(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    title = escape(t(journal.zh, journal.en))
    verdict = (
        t("所有承诺均成立", "every promise held")
        if journal.held
        else t(f"{len(journal.findings)} 项不成立", f"{len(journal.findings)} did not hold")
    )
    meta = f"{journal.drill} · {journal.stage} · {journal.began_at} · kaipiao {journal.version}"
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title><style>{STYLE}</style>",
        f"<h1>{title}</h1><p class=sub>{escape(meta)}</p>",
        f'<p class="verdict {"good" if journal.held else "bad"}">{verdict}</p>',
        _numbers(journal, language),
        f"<h2>{t('时间线', 'Timeline')}</h2>",
        draw(journal, language),
        f"<h2>{t('步骤', 'Steps')}</h2>",
        _steps(journal.steps, language),
    ]
    if journal.findings:
        listed = "".join(f"<li>{escape(one)}" for one in journal.findings)
        parts.append(f"<h2>{t('不成立之处', 'What did not hold')}</h2><ul>{listed}</ul>")
    return "\n".join(parts).encode() + b"\n"


def _numbers(journal: Journal, language: Language) -> str:
    def seconds(value: float | None) -> str:
        return "–" if value is None else f"{value:.2f} s"

    never = {"zh": ("是", "否"), "en": ("yes", "no")}[language]
    limit = f"≤ {journal.limit_s:g} s"
    rows = (
        ("恢复开票", "Writes back after", f"{seconds(journal.recovery_s)}", limit),
        ("最长静默", "Longest silence", seconds(journal.longest_silence_s), limit),
        ("已确认", "Acknowledged", f"{journal.acknowledged:,}", ""),
        ("已确认而丢失", "Acknowledged, lost", str(journal.acknowledged_lost), "0"),
        ("重复", "Duplicates", str(journal.duplicates), "0"),
        ("缺号", "Gaps", str(journal.gaps), "0"),
        ("超额", "Credit overdrawn", str(journal.overdrawn), "0"),
        ("日志根延续", "Root extends", never[not journal.root_extends], never[0]),
    )
    return "<dl>" + "".join(_number(row, language) for row in rows) + "</dl>"


def _number(row: tuple[str, str, str, str], language: Language) -> str:
    zh, en, value, wanted = row
    name = zh if language == "zh" else en
    beside = f" · {wanted}" if wanted else ""
    return f"<div><dt>{name}{beside}</dt><dd>{value}</dd></div>"


def _steps(steps: list[Taken], language: Language) -> str:
    heads = ("秒", "做了什么", "对谁") if language == "zh" else ("at", "what", "whom")
    rows = "".join(
        f"<tr><td class=n>{one.at_s:.1f} s<td>{escape(one.zh if language == 'zh' else one.en)}"
        f"<td>{escape(one.whom)}"
        for one in steps
    )
    return "<table><tr>" + "".join(f"<th>{head}" for head in heads) + f"</tr>{rows}</table>"
