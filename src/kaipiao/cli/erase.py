"""``kaipiao erase``: the content of one invoice is destroyed, on the ground that law gives."""

import asyncio
import os
from typing import TYPE_CHECKING, get_args

import click

from kaipiao.cli import exits
from kaipiao.cli.language import language, t
from kaipiao.cli.terminal import say, say_json, warn
from kaipiao.errors import Refusal
from kaipiao.fiscal.erasure import WHY_CHARS_MAX, Erasure, Ground
from kaipiao.fiscal.number import InvoiceNumber, parse_number

if TYPE_CHECKING:
    from kaipiao.app.settings import Settings


@click.command(
    "erase",
    help=t(
        """删除一张发票的内容 (删除个人信息), 不可恢复。

        号码、编号和日志中的叶子保留: 号码和编号永不再用, 其余发票的回执照常有效。此后查询、查验、
        下载、重发都会得到 erased、日期和 --why 的原因, 因此 --why 中不要写出当事人。

        会计档案须保管 30 年 (会计档案管理办法)。期满前仅可依 --ground order (法院或监管机关的决定)
        或 unlawful (违法处理的个人信息) 删除。此前所做的备份中仍有该内容。

        请以单元的用户在本机运行。须用 --confirm 再写一遍号码。

        \b
        例:  kaipiao erase 26311000000000000001 --why "2026 沪 01 民终 1 号" --ground order \\
                 --confirm 26311000000000000001

        退出码: 0 已删除, 1 未删除, 3 单元没有应答, 或须稍后自动完成。
        """,
        """Destroy the content of one invoice for good (erasure of personal data).

        Its number, its key and its leaf in the log stay: neither names anything else, ever, and all
        other receipts stay valid.  Whoever asks for it hears `erased`, the day, and the reason in
        --why, so name no person there.

        Accounting records are kept for 30 years by law.  Before that, only --ground order (a
        decision of a court or an authority) or unlawful (personal data handled unlawfully) will do.
        Backups made before still hold it.

        Run it on the cell's machine, as the cell's user.  --confirm repeats the number.

        \b
        Example:  kaipiao erase 26311000000000000001 --why "order 1/2026" --ground order \\
                      --confirm 26311000000000000001

        Exits 0 if it is erased, 1 if it is not, 3 if the cell did not answer, or finishes it later.
        """,
    ),
)
@click.argument("number")
@click.option("--why", required=True, help=t("原因, 会公开显示", "The reason; shown to everyone."))
@click.option(
    "--ground",
    required=True,
    type=click.Choice(get_args(Ground)),
    help=t("法律依据", "What the law lets it be erased for."),
)
@click.option(
    "--confirm",
    default="",
    metavar="NUMBER",
    help=t("再写一遍号码", "The number again."),
)
@click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Answer as JSON."))
@click.pass_context
def command(
    context: click.Context,
    number: str,
    why: str,
    ground: Ground,
    confirm: str,
    data: str | None,
    as_json: bool,
) -> None:
    from kaipiao.app.archive import NotTheCellsUser
    from kaipiao.app.settings import load_settings

    settings = load_settings({"data": data}, os.environ)
    if not 0 < len(why.strip()) <= WHY_CHARS_MAX or not why.isprintable():
        raise click.UsageError(t("--why 须为 1 至 200 个字符", "--why takes 1 to 200 characters"))
    try:
        parsed = parse_number(number)
        erasure = asyncio.run(_run(settings, parsed, why.strip(), ground, confirm))
    except ValueError:
        raise click.UsageError(t("号码为 20 位数字", "a number has twenty digits")) from None
    except Refusal as no:
        warn(no.text(language()))
        context.exit(exits.NO)
    except NotTheCellsUser:
        raise click.UsageError(
            t(f"请以 {settings.data} 的所有者运行", f"run it as the owner of {settings.data}")
        ) from None
    if as_json:
        say_json(erasure)
    else:
        say(t(f"{number} 的内容已删除", f"the content of {number} is erased"))


async def _run(
    settings: "Settings", number: InvoiceNumber, why: str, ground: Ground, confirm: str
) -> Erasure:
    from kaipiao.app.audit import operating
    from kaipiao.app.clock import SystemClock
    from kaipiao.app.erasing import open_cell_erasing

    clock = SystemClock()
    async with (
        open_cell_erasing(settings, clock) as (store, erasing),
        operating(store.audit, "invoice.erase", number, clock=clock, ground=ground, why=why),
    ):
        return await erasing.erase(number, why=why, ground=ground, confirm=confirm)
