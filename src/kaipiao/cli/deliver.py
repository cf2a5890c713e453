"""``kaipiao deliver``: what was sent, what did not arrive; and the process that sends."""

import asyncio
import os
from itertools import islice
from pathlib import Path

import click

from kaipiao.cli.deliveries import (
    KINDS,
    STATES,
    json_option,
    local_text,
    state_name,
    tell_deliveries,
)
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.client.delivery import DeliveryDetail


@click.group(
    "deliver",
    help=t(
        """递送记录: 发了什么、到了没有、对方说了什么; 可以重发。

        每次递送最多尝试十次, 历时约三天; 仍未送达的标为“未送达”, 保留 90 天, 可随时重发。

        \b
        例:  kaipiao deliver list --state dead
             kaipiao deliver show msg_0a1b...
             kaipiao deliver replay msg_0a1b...
             kaipiao deliver month 91310000MA1FL00000 2026-11 --as pdf -o 11月.zip
        """,
        """Deliveries: what was sent, whether it arrived, what the other side said; send it again.

        Each is tried up to ten times over three days.  What did not arrive by then is dead; it is
        kept for 90 days and can be sent again at any time.

        \b
        Examples:  kaipiao deliver list --state dead
                   kaipiao deliver show msg_0a1b...
                   kaipiao deliver replay msg_0a1b...
                   kaipiao deliver month 91310000MA1FL00000 2026-11 --as pdf -o november.zip
        """,
    ),
)
def command() -> None:
    pass


@command.command("list", help=t("列出递送, 最新在前", "List deliveries, the newest first."))
@click.option("--number", metavar="NUMBER", help=t("某张发票的", "Of one invoice."))
@click.option("--seller", metavar="ID", help=t("某销方的", "Of one seller."))
@click.option(
    "--order", metavar="ID", help=t("某 webhook 或邮件规则的", "Of one webhook or mail rule.")
)
@click.option("--state", type=click.Choice(STATES), help=t("处于某状态的", "In this state."))
@click.option("--limit", default=50, help=t("最多列出几条", "How many at most."))
@json_option
@cell_options
def list_deliveries(
    number: str | None,
    seller: str | None,
    order: str | None,
    state: str | None,
    limit: int,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    with cell(url, key_file) as client:
        found = client.deliveries.find(number=number, seller=seller, order=order, in_state=state)
        some = list(islice(found, limit))
    tell_deliveries(some, as_json=as_json)


@command.command("show", help=t("查看一次递送及每次尝试", "Show one delivery and every try."))
@click.argument("delivery_id")
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
def show(delivery_id: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        detail = client.deliveries.read(delivery_id)
    say_json(detail) if as_json else _tell(detail)


def _tell(detail: DeliveryDetail) -> None:
    one = detail.delivery
    say(f"{one.delivery_id}  {one.channel}  {one.event}  {state_name(one.state)}")
    say_table(
        [
            (t("发票", "invoice"), one.subject),
            (t("订阅", "order"), one.order_id or "-"),
            (t("发生于", "happened at"), local_text(one.happened_at)),
            (t("下次尝试", "next try"), local_text(one.next_try_at)),
        ]
    )
    head = (
        t("时间", "at"), t("次", "try"), t("结果", "outcome"), t("状态码", "status"), "ms",
        t("说明", "said"),
    )  # fmt: skip
    rows = [
        (
            local_text(each.ended_at),
            f"{each.replay}.{each.number}",
            each.outcome,
            str(each.status or "-"),
            str(each.took_ms),
            each.said,
        )
        for each in detail.attempts
    ]
    if rows:
        say("")
        say_table([head, *rows], right=(3, 4))


@command.command("replay", help=t("重发, 不论之前结果如何", "Send again, whatever became of it."))
@click.argument("delivery_ids", nargs=-1, required=True, metavar="ID...")
@cell_options
def replay(delivery_ids: tuple[str, ...], url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        for one in delivery_ids:
            found = client.deliveries.replay(one)
            say(f"{one}  {state_name(found.state)}")


@command.command(
    "month",
    help=t(
        "把某销方一个月的版式文件下载为一个 ZIP, 内有清单 index.csv",
        "Download a seller's documents of one month as a ZIP, with a list in index.csv.",
    ),
)
@click.argument("seller")
@click.argument("month", metavar="YYYY-MM")
@click.option(
    "--as", "kind", type=click.Choice(KINDS), default="pdf", help=t("哪种文件", "Which kind.")
)
@click.option(
    "--after", default=0, help=t("接着上一个 ZIP 清单末行所说的位置", "Where the last ZIP ended.")
)
@click.option(
    "-o",
    "output",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("写入 FILE", "Where to."),
)
@cell_options
def month(
    seller: str,
    month: str,
    kind: str,
    after: int,
    output: Path,
    url: str | None,
    key_file: Path | None,
) -> None:
    from kaipiao.cli.list import save

    with cell(url, key_file) as client:
        save(client.deliveries.month(seller, month, kind=kind, after=after), output)


@command.command(
    "run",
    help=t(
        """在本机运行一个递送进程, 直到 Ctrl-C。kaipiao up 已自带; 本命令用于其他机器。

        \b
        需要: KAIPIAO_DSN (单元的数据库), 数据目录中有单元的 secrets/delivery.key
        (以及 secrets/mail-password, 如果中继要求登录), 邮件设置与 kaipiao up 相同。

        \b
        例:  KAIPIAO_DSN=postgresql://... KAIPIAO_DATA=/srv/kaipiao kaipiao deliver run
        """,
        """Run one sending process on this machine, until Ctrl-C.  `kaipiao up` brings its own;
        this is for further machines.

        \b
        Needs: KAIPIAO_DSN (the cell's database), and in the data folder the cell's
        secrets/delivery.key (and secrets/mail-password if the relay wants a sign-in); the settings
        of mail are those of `kaipiao up`.

        \b
        Example:  KAIPIAO_DSN=postgresql://... KAIPIAO_DATA=/srv/kaipiao kaipiao deliver run
        """,
    ),
)
def run() -> None:
    from kaipiao.app.deliver import deliver
    from kaipiao.app.folder import CellFolder
    from kaipiao.app.journal import keep_journal
    from kaipiao.app.orders import Orders
    from kaipiao.app.settings import load_settings
    from kaipiao.delivery.sending.secret import KEY_NAME

    settings = load_settings({}, os.environ)
    if not settings.dsn:
        raise click.UsageError(
            t(
                "请用环境变量 KAIPIAO_DSN 给出单元的数据库。",
                "Name the cell's database: KAIPIAO_DSN.",
            )
        )
    folder = CellFolder(settings.data)
    if not (folder.secrets / KEY_NAME).exists():
        raise click.UsageError(
            t(
                f"缺少 {folder.secrets / KEY_NAME}: 请从单元的数据目录复制。",
                f"{folder.secrets / KEY_NAME} is missing: copy it from the cell's data folder.",
            )
        )
    folder.make()
    name = "deliver-run"
    keep_journal(folder.logs, name)
    say(t("正在递送。停止: Ctrl-C", "Sending. To stop: Ctrl-C"))
    asyncio.run(deliver(Orders(settings=settings, dsn=settings.dsn, name=name), tell=False))
