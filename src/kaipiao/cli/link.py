"""``kaipiao link``: download links that expire."""

from pathlib import Path

import click

from kaipiao.cli.deliveries import KINDS, json_option, local_text
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json, say_table

DAY_S = 86_400


@click.group(
    "link",
    help=t(
        """下载链接: 持有者无需密钥即可下载一份版式文件, 到期、次数用尽或撤销后失效。

        \b
        例:  kaipiao link create 26311000000000000001 --as pdf --days 7 --uses 3
             kaipiao link list 26311000000000000001
             kaipiao link revoke LINK_ID
        """,
        """Download links: whoever holds one may fetch one document without a key, until it
        expires, is used up or is revoked.

        \b
        Examples:  kaipiao link create 26311000000000000001 --as pdf --days 7 --uses 3
                   kaipiao link list 26311000000000000001
                   kaipiao link revoke LINK_ID
        """,
    ),
)
def command() -> None:
    pass


@command.command("create", help=t("新建链接", "Make a link."))
@click.argument("number")
@click.option(
    "--as", "kind", type=click.Choice(KINDS), default="pdf", help=t("哪种文件", "Which kind.")
)
@click.option(
    "--days",
    default=30,
    type=click.IntRange(1, 366),
    help=t("几天后到期, 默认 30", "Days until it expires; default: 30."),
)
@click.option(
    "--uses",
    default=0,
    type=click.IntRange(0, 1_000_000),
    help=t("可用几次, 0 为不限", "How often; 0: as often as one likes."),
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
def create(
    number: str,
    kind: str,
    days: int,
    uses: int,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    with cell(url, key_file) as client:
        made = client.deliveries.create_link(
            number, rendition=kind, expires_in_s=days * DAY_S, max_uses=uses
        )
    say_json(made) if as_json else say(made.url)


@command.command("list", help=t("列出一张发票的链接", "List an invoice's links."))
@click.argument("number")
@json_option
@cell_options
def list_links(number: str, as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        found = client.deliveries.links(number)
    if as_json:
        for one in found:
            say_json(one)
        return
    head = (
        t("编号", "id"), t("文件", "kind"), t("到期", "expires"), t("已用", "uses"),
        t("状态", "state"),
    )  # fmt: skip
    rows = [
        (
            one.link_id,
            one.rendition,
            local_text(one.expires_at),
            f"{one.uses}/{one.max_uses or '∞'}",
            t("已撤销", "revoked") if one.revoked_at else t("有效", "valid"),
        )
        for one in found
    ]
    say_table([head, *rows])


@command.command("revoke", help=t("撤销链接, 立即失效", "Revoke a link, at once."))
@click.argument("link_id")
@cell_options
def revoke(link_id: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        client.deliveries.revoke_link(link_id)
    say(t(f"链接 {link_id} 已撤销", f"Link {link_id} is revoked"))
