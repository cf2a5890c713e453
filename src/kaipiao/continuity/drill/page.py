"""A drill as one static page: what was promised, what was found, and a picture of the load.

Nothing on it is fetched, and every text of the journal is escaped.
"""

from collections.abc import Sequence
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
h1{font-size:1.5rem;margin:2.5rem 0 0}td .verdict{margin:0}
p.sub{color:var(--soft);margin:.2rem 0 1.2rem}
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


def render_page(journals: Sequence[Journal], language: Language) -> bytes:
    """The page, UTF-8: one section a drill, a table of all of them first if there are several."""
    title = "演练" if language == "zh" else "Drills"
    if len(journals) == 1:
        title = escape(journals[0].zh if language == "zh" else journals[0].en)
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title><style>{STYLE}</style>",
    ]
    if len(journals) > 1:
        parts += [f"<h1>{title}</h1>", _overview(journals, language)]
    parts += [_section(journal, language) for journal in journals]
    return "\n".join(parts).encode() + b"\n"


def _section(journal: Journal, language: Language) -> str:
    def t(zh: str, en: str) -> str:
        return zh if language == "zh" else en

    meta = f"{journal.drill} · {journal.stage} · {journal.began_at} · kaipiao {journal.version}"
    parts = [
        f"<h1>{escape(t(journal.zh, journal.en))}</h1><p class=sub>{escape(meta)}</p>",
        _verdict(journal, language),
        _numbers(journal, language),
        f"<h2>{t('时间线', 'Timeline')}</h2>",
        draw(journal, language),
        f"<h2>{t('步骤', 'Steps')}</h2>",
        _steps(journal.steps, language),
    ]
    if journal.findings:
        listed = "".join(f"<li>{escape(one)}" for one in journal.findings)
        parts.append(f"<h2>{t('不成立之处', 'What did not hold')}</h2><ul>{listed}</ul>")
    return "\n".join(parts)


def _verdict(journal: Journal, language: Language) -> str:
    broken = len(journal.findings)
    told = {"zh": f"{broken} 项不成立", "en": f"{broken} did not hold"}
    held = {"zh": "所有承诺均成立", "en": "every promise held"}
    kind, text = ("good", held) if journal.held else ("bad", told)
    return f'<p class="verdict {kind}">{text[language]}</p>'


def _overview(journals: Sequence[Journal], language: Language) -> str:
    zh = ("演练", "恢复开票", "最长静默", "上限", "已确认", "丢失", "重复", "缺号", "报错", "结论")
    en = (
        *("drill", "writes back", "silence", "limit", "acknowledged"),
        *("lost", "twice", "gaps", "errors", "verdict"),
    )
    heads = "".join(f"<th>{head}" for head in (zh if language == "zh" else en))
    rows = "".join(
        f"<tr><td>{escape(one.drill)}<td class=n>{_seconds(one.recovery_s)}"
        f"<td class=n>{_seconds(one.longest_silence_s)}<td class=n>{one.limit_s:g} s"
        f"<td class=n>{one.acknowledged:,}<td class=n>{one.acknowledged_lost}"
        f"<td class=n>{one.duplicates}<td class=n>{one.gaps}<td class=n>{one.client_errors}"
        f"<td>{_verdict(one, language)}"
        for one in journals
    )
    return f"<table><tr>{heads}</tr>{rows}</table>"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f} s"


def _numbers(journal: Journal, language: Language) -> str:
    never = {"zh": ("是", "否"), "en": ("yes", "no")}[language]
    limit = f"≤ {journal.limit_s:g} s"
    rows = (
        ("恢复开票", "Writes back after", _seconds(journal.recovery_s), limit),
        ("最长静默", "Longest silence", _seconds(journal.longest_silence_s), limit),
        ("已确认", "Acknowledged", f"{journal.acknowledged:,}", ""),
        ("已确认而丢失", "Acknowledged, lost", str(journal.acknowledged_lost), "0"),
        ("重复", "Duplicates", str(journal.duplicates), "0"),
        ("缺号", "Gaps", str(journal.gaps), "0"),
        ("超额", "Credit overdrawn", str(journal.overdrawn), "0"),
        ("客户端报错", "Errors our client told", str(journal.client_errors), "0"),
        ("客户端最慢", "Its slowest answer", _seconds(journal.client_slowest_s), ""),
        ("恢复稳态", "Steady again after", f"{journal.steady_again_s:.1f} s", ""),
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
