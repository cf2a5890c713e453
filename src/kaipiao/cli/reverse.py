"""``kaipiao reverse``: take an invoice back (冲红)."""

import hashlib
from pathlib import Path
from typing import cast

import click
import msgspec

from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json
from kaipiao.fiscal.money import format_yuan, parse_yuan
from kaipiao.fiscal.red_letter import LineAsk, Reason, ReversalAsk

REASONS = {
    "01": ("开票有误", "issued in error"),
    "02": ("销货退回", "goods returned"),
    "03": ("服务中止", "service ended"),
    "04": ("销售折让", "price reduced"),
}


@click.command(
    "reverse",
    help=t(
        """对发票 NUMBER 开具红字发票, 全部或部分。

        没有 --line 时冲回全部剩余。--line 2 冲回第 2 行 (从 0 起) 全部剩余; --line 2:50.00 冲回其中
        不含税 50.00 元; 可重复给出。

        \b
        例:  kaipiao reverse 26311000000000000001 --reason 02
             kaipiao reverse 26311000000000000001 --reason 04 --line 0:50.00 --key 折让-17
             kaipiao reverse 26311000000000000001 --reason 02 --confirmation 编号

        购方已抵扣或入账的, 须先有双方确认的确认单: kaipiao confirm open。

        \b
        原因: 01 开票有误, 02 销货退回, 03 服务中止, 04 销售折让
        编号 --key 默认由号码和要求得出, 重复运行只冲一次; 同样的部分冲红要做第二次时请另给编号。

        退出码: 0 已冲红, 1 被拒绝, 3 结果未知 (请再运行)。
        """,
        """Issue a red letter against invoice NUMBER, wholly or in part.

        Without --line, everything that is left is taken back.  --line 2 takes what is left of
        line 2 (counted from 0); --line 2:50.00 takes 50.00 yuan of it, without tax.  Repeat it
        for more lines.

        \b
        Examples:
          kaipiao reverse 26311000000000000001 --reason 02
          kaipiao reverse 26311000000000000001 --reason 04 --line 0:50.00 --key rebate-17
          kaipiao reverse 26311000000000000001 --reason 02 --confirmation FORM

        What the buyer has deducted or booked needs a form that both sides confirmed: kaipiao
        confirm open.

        \b
        Reasons: 01 issued in error, 02 goods returned, 03 service ended, 04 price reduced
        The key is made from the number and what is asked, so running it twice reverses once;
        to take the same part back a second time, give a --key of your own.

        Exits 0 if it is reversed, 1 if it is refused, 3 if the outcome is unknown (run again).
        """,
    ),
)
@click.argument("number")
@click.option(
    "--reason", type=click.Choice(list(REASONS)), required=True, help=t("原因", "Why; see above.")
)
@click.option(
    "--line",
    "lines",
    multiple=True,
    metavar="N[:YUAN]",
    help=t("只冲这一行", "Take back this line only."),
)
@click.option("--remark", default="", help=t("备注", "Remark."))
@click.option(
    "--confirmation", default="", metavar="FORM", help=t("红字确认单编号", "Confirmation form.")
)
@click.option("--key", metavar="KEY", help=t("编号", "Key of this reversal in your own books."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
def command(
    number: str,
    reason: str,
    lines: tuple[str, ...],
    remark: str,
    confirmation: str,
    key: str | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    ask = parse_ask(reason, lines, remark)
    key = key or key_of(number, ask, confirmation)
    with cell(url, key_file) as client:
        receipt = client.reverse(number, ask, key=key, confirmation=confirmation)
    if as_json:
        say_json(receipt)
        return
    gross = format_yuan(receipt.totals.gross_fen)
    before = t(" (此前已开具)", " (issued before)") if receipt.replayed else ""
    say(
        t(
            f"红字发票 {receipt.number}, 价税合计 {gross} 元{before}",
            f"Red letter {receipt.number}, {gross} yuan with tax{before}",
        )
    )


def parse_ask(reason: str, lines: tuple[str, ...], remark: str) -> ReversalAsk:
    """What is asked, from the words of the command line."""
    return ReversalAsk(
        reason=cast(Reason, reason), lines=tuple(map(_parse_line, lines)), remark=remark
    )


def key_of(number: str, ask: ReversalAsk, confirmation: str) -> str:
    """The same question, the same key."""
    seed = msgspec.json.encode((number, ask, confirmation))
    return f"reverse-{hashlib.sha256(seed).hexdigest()[:32]}"


def _parse_line(text: str) -> LineAsk:
    place, colon, yuan = text.partition(":")
    try:
        return LineAsk(line=int(place), net_fen=parse_yuan(yuan) if colon else None)
    except ValueError:
        raise click.UsageError(
            t(
                f"--line 写作 行号 或 行号:元, 例如 0:50.00, 而非 {text}",
                f"--line is LINE or LINE:YUAN, as 0:50.00, not {text}",
            )
        ) from None
