"""``kaipiao credit``: credit lines (授信额度), in yuan."""

from pathlib import Path

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.client.answers import CreditLine
from kaipiao.fiscal.money import format_yuan, parse_yuan
from kaipiao.fiscal.month import parse_month


@click.group(
    "credit",
    help=t(
        """授信额度: 一个销方每月可开具的不含税金额上限。金额单位: 元。

        \b
        例:  kaipiao credit grant 91310000MA1FL00000 1000000
             kaipiao credit adjust 91310000MA1FL00000 500000 --month 2026-12
             kaipiao credit show 91310000MA1FL00000
        """,
        """Credit lines: how much a seller may issue in a month, without tax.  In yuan.

        \b
        Examples:  kaipiao credit grant 91310000MA1FL00000 1000000
                   kaipiao credit adjust 91310000MA1FL00000 500000 --month 2026-12
                   kaipiao credit show 91310000MA1FL00000
        """,
    ),
)
def command() -> None:
    pass


def _limit_fen(yuan: str) -> int:
    try:
        limit_fen = parse_yuan(yuan)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if limit_fen < 0:
        raise click.UsageError(t("额度不能为负。", "A limit is not negative."))
    return limit_fen


def _month(text: str | None) -> str | None:
    try:
        return text if text is None or parse_month(text) else None
    except ValueError:
        raise click.UsageError(
            t(f"月份写作 2026-11, 而非 {text}", f"A month is written 2026-11, not {text}")
        ) from None


@command.command(
    "grant", help=t("授予每月额度, 本月起生效", "Set the monthly limit, from this month on.")
)
@click.argument("seller")
@click.argument("yuan")
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
def grant(seller: str, yuan: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    limit_fen = _limit_fen(yuan)
    with cell(url, key_file) as client:
        _tell(client.grant_credit(seller, limit_fen), as_json=as_json)


@command.command("adjust", help=t("只调整某一个月的额度", "Set the limit of one month only."))
@click.argument("seller")
@click.argument("yuan")
@click.option("--month", required=True, metavar="YYYY-MM", help=t("月份", "The month."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
def adjust(
    seller: str, yuan: str, month: str, as_json: bool, url: str | None, key_file: Path | None
) -> None:
    limit_fen = _limit_fen(yuan)
    with cell(url, key_file) as client:
        line = client.adjust_credit(seller, limit_fen, month=_month(month) or month)
        _tell(line, as_json=as_json)


@command.command("show", help=t("查看额度与余额", "Show the limit and what is left."))
@click.argument("seller")
@click.option(
    "--month", metavar="YYYY-MM", help=t("月份, 默认本月", "The month; default: this one.")
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
@click.pass_context
def show(
    context: click.Context,
    seller: str,
    month: str | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    with cell(url, key_file) as client:
        line = client.credit(seller, month=_month(month))
    if line is None:
        say(
            t(
                f"没有额度。授予: kaipiao credit grant {seller} 金额",
                f"There is no line. To grant one: kaipiao credit grant {seller} YUAN",
            )
        )
        context.exit(exits.NO)
    _tell(line, as_json=as_json)


def _tell(line: CreditLine, *, as_json: bool) -> None:
    if as_json:
        say_json(line)
        return
    say_table(
        [
            (t("销方", "seller"), line.seller),
            (t("月份", "month"), line.month),
            (t("额度", "limit"), format_yuan(line.limit_fen)),
            (t("已用", "drawn"), format_yuan(line.drawn_fen)),
            (t("剩余", "left"), format_yuan(line.left_fen)),
        ]
    )
