"""``kaipiao check``: all rules, nothing issued."""

from datetime import date, datetime
from typing import TYPE_CHECKING

import click
import msgspec

from kaipiao.app.clock import SystemClock
from kaipiao.cli import exits
from kaipiao.cli.drafts import open_input, read_items
from kaipiao.cli.language import t
from kaipiao.cli.terminal import Progress, say, say_json
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.imports import Sale
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.violation import Violation, errors_of
from kaipiao.gateway.draft_lines import Item
from kaipiao.regimes.cn.rules import check as check_rules

if TYPE_CHECKING:
    from kaipiao.delivery.sheets.file import SheetFile


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One draft's verdict; ``ok`` if it may be issued, which warnings do not forbid."""

    line: int
    ok: bool
    violations: list[Violation]


@click.command(
    "check",
    help=t(
        """按全部规则校验草稿 FILE (或 - 表示标准输入), 不开票、不连网。

        FILE 为 JSON (一张或数组)、NDJSON (每行一张)、XLSX、CSV; JSON 也可带信封
        {"key":..., "draft":{...}}。草稿的格式: docs/reference/draft.md。

        \b
        例:  kaipiao check sale.json
             kaipiao check sales.ndjson --json | jq 'select(.ok | not)'

        --json: 每张一行 {"line", "ok", "violations": [{code, path, zh, en, severity}]}。

        退出码: 0 全部通过 (提醒不算违规), 1 有违规, 2 无法读取。
        """,
        """Check the drafts in FILE (or - for standard input) against all rules.

        Nothing is issued and nothing is asked of anyone.  FILE is JSON (one draft or an array),
        NDJSON (one a line), XLSX or CSV; JSON may come in an envelope {"key":..., "draft":{...}}.

        \b
        Examples:  kaipiao check sale.json
                   kaipiao check sales.ndjson --json | jq 'select(.ok | not)'

        With --json, one verdict a line: {"line", "ok", "violations": [{code, path, zh, en,
        severity}]}.

        Exits 0 if all are clean (warnings do not count), 1 if any rule is broken, 2 if a draft
        cannot be read.
        """,
    ),
)
@click.argument("file")
@click.option(
    "--json", "as_json", is_flag=True, help=t("每张一行 JSON", "One JSON verdict a line.")
)
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help=t("按该日的规则校验 (默认今天, 北京时间)", "The day whose rules apply; today in Beijing."),
)
@click.pass_context
def command(context: click.Context, file: str, as_json: bool, day: datetime | None) -> None:
    on = day.date() if day else beijing_day(SystemClock().now())
    count = broken = unreadable = 0
    with open_input(file) as source, Progress(t("校验", "checking"), None) as progress:
        items = read_items(source)
        for item in items:
            verdict = judge(item, on, items.sheet)
            count += 1
            broken += not verdict.ok
            unreadable += not item.is_json
            say_json(verdict) if as_json else _show(verdict)
            progress.advance()
    if not as_json:
        say(t(f"{count} 张草稿, {broken} 张不能开具。", f"{count} drafts, {broken} not issuable."))
    if unreadable or not count:
        context.exit(exits.USAGE)
    context.exit(exits.NO if broken else exits.OK)


def judge(item: Item, on: date, sheet: "SheetFile | None" = None) -> Verdict:
    """The law's objections name the cells of a sheet, if the draft comes from one."""
    violations = item.read if isinstance(item.read, list) else check_rules(item.read, on=on)
    if sheet is not None and isinstance(item.read, Draft):
        violations = sheet.locate(
            Sale(place=item.line - 1, key=item.key, read=item.read), violations
        )
    return Verdict(line=item.line, ok=not errors_of(violations), violations=violations)


def _show(verdict: Verdict) -> None:
    for violation in verdict.violations:
        mark = "✗" if violation.severity == "error" else "!"
        place = violation.path or "/"
        text = t(violation.zh, violation.en)
        say(f"{mark} {verdict.line}: {place}  {violation.code}  {text}")
