"""What the commands of delivery have in common: tables, options, instants."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from kaipiao.base.durable import write_whole
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.client.delivery import Delivery
from kaipiao.fiscal.month import BEIJING

KINDS = ("pdf", "ofd", "xml", "png", "xbrl")
STATES = ("waiting", "sending", "delivered", "dead", "cancelled")
F = TypeVar("F", bound=Callable[..., Any])

_STATE_NAMES = {
    "waiting": ("待递送", "waiting"),
    "sending": ("递送中", "sending"),
    "delivered": ("已送达", "delivered"),
    "dead": ("未送达", "dead"),
    "cancelled": ("已取消", "cancelled"),
}

json_option = click.option(
    "--json", "as_json", is_flag=True, help=t("每个一行 JSON", "One JSON object a line.")
)
sellers_option = click.option(
    "--seller",
    "sellers",
    multiple=True,
    required=True,
    metavar="ID",
    help=t("哪个销方的发票, * 表示全部; 可重复", "Whose invoices, * for all; repeat for more."),
)
buyer_option = click.option(
    "--buyer",
    default="",
    metavar="ID",
    help=t("只限该购方收到的发票", "Only what this buyer receives."),
)
name_option = click.option("--name", required=True, help=t("用途, 便于辨认", "What it is for."))
renditions_option = click.option(
    "--as",
    "renditions",
    multiple=True,
    type=click.Choice(KINDS),
    help=t("附上哪种版式文件, 默认 pdf 和 xml; 可重复", "What to attach; default: pdf and xml."),
)
language_option = click.option(
    "--text",
    "language",
    type=click.Choice(["zh", "en"]),
    default="zh",
    help=t("邮件正文的语言", "Language of the mail."),
)


def replay_options(function: F) -> F:
    """``--since``, ``--until``, ``--all``."""
    function = click.option(
        "--all",
        "everything",
        is_flag=True,
        help=t(
            "已送达的也重发; 默认只重发未送达的", "Also what arrived; default: only what did not."
        ),
    )(function)
    for name, zh, en in (("until", "到何时", "Until when."), ("since", "自何时", "From when.")):
        function = click.option(
            f"--{name}",
            required=True,
            type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
            help=t(f"{zh}, 北京时间", f"{en} Beijing time."),
        )(function)
    return function


def _instant_of(local: datetime) -> datetime:
    """A Beijing time as typed."""
    return local.replace(tzinfo=BEIJING).astimezone(UTC)


def send_again(
    order_id: str,
    since: datetime,
    until: datetime,
    everything: bool,
    url: str | None,
    key_file: Path | None,
) -> int:
    """What a standing order sent in that time, or what of it did not arrive; how many."""
    with cell(url, key_file) as client:
        return client.deliveries.replay_range(
            order_id, since=_instant_of(since), until=_instant_of(until), dead_only=not everything
        )


def local_text(instant: datetime | None) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}" if instant else "-"


def state_name(state: str) -> str:
    return t(*_STATE_NAMES.get(state, (state, state)))


def tell_deliveries(found: Sequence[Delivery], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            say_json(one)
        return
    if not found:
        say(t("没有递送记录。", "There are no deliveries."))
        return
    head = (
        t("编号", "id"), t("方式", "by"), t("事件", "event"), t("发票", "invoice"),
        t("状态", "state"), t("次数", "tries"), t("说明", "said"),
    )  # fmt: skip
    rows = [
        (
            one.delivery_id,
            one.channel,
            one.event,
            one.subject,
            state_name(one.state),
            str(one.tries),
            one.said[:60],
        )
        for one in found
    ]
    say_table([head, *rows])


def write_secret(output: Path, secret: str) -> None:
    """The secret, in a file that only its owner can read."""
    write_whole(output, f"{secret}\n".encode())


def refuse_existing(output: Path) -> None:
    """Raises click.UsageError, before anything is asked for."""
    if output.exists():
        raise click.UsageError(t(f"{output} 已存在", f"{output} exists already"))
