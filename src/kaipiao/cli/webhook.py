"""``kaipiao webhook``: endpoints that are told what happened."""

from datetime import datetime
from pathlib import Path

import click

from kaipiao.cli.deliveries import (
    buyer_option,
    json_option,
    name_option,
    refuse_existing,
    replay_options,
    sellers_option,
    send_again,
    write_secret,
)
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json, say_table

EVENTS = ("invoice.issued", "invoice.reversed", "confirmation.changed")

output_option = click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help=t("签名密钥写入 FILE", "The file for the signing secret."),
)


@click.group(
    "webhook",
    help=t(
        """webhook: 发生了什么, 就向您的地址推送 (Standard Webhooks, 每条都有签名)。

        签名密钥只写入文件, 不显示。十次尝试约三天; 地址答 410 即停用, 修好后 enable 再 replay。

        \b
        例:  kaipiao webhook create --name ERP --url https://erp.example/in \\
                    --seller 91310000MA1FL00000 -o erp.secret
             kaipiao webhook test wh_0a1b...
             kaipiao webhook replay wh_0a1b... --since 2026-11-01 --until 2026-11-02
        """,
        """Webhooks: your URL is told what happens (Standard Webhooks; every one is signed).

        The secret is written to a file, never shown.  Ten tries over three days; an answer of 410
        disables the webhook: repair it, then enable and replay.

        \b
        Examples:  kaipiao webhook create --name erp --url https://erp.example/in \\
                          --seller 91310000MA1FL00000 -o erp.secret
                   kaipiao webhook test wh_0a1b...
                   kaipiao webhook replay wh_0a1b... --since 2026-11-01 --until 2026-11-02
        """,
    ),
)
def command() -> None:
    pass


@command.command("create", help=t("新建 webhook", "Make a webhook."))
@name_option
@click.option("--url", "target", required=True, metavar="URL", help=t("推送到哪里", "Where to."))
@sellers_option
@buyer_option
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(EVENTS),
    help=t("哪些事件, 默认全部; 可重复", "Which events; default: all.  Repeat for more."),
)
@output_option
@click.option("--cell", "cell_url", envvar="KAIPIAO_URL", metavar="URL",
              help=t("单元地址 (KAIPIAO_URL)", "Address of the cell (KAIPIAO_URL)."))  # fmt: skip
@click.option(
    "--key-file",
    envvar="KAIPIAO_KEY_FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("存有 API 密钥的文件 (KAIPIAO_KEY_FILE)", "File with the API key (KAIPIAO_KEY_FILE)."),
)
def create(
    name: str,
    target: str,
    sellers: tuple[str, ...],
    buyer: str,
    events: tuple[str, ...],
    output: Path,
    cell_url: str | None,
    key_file: Path | None,
) -> None:
    refuse_existing(output)
    with cell(cell_url, key_file) as client:
        made = client.deliveries.create_webhook(
            name=name, url=target, sellers=sellers, buyer=buyer, events=events
        )
    write_secret(output, made.secret)
    webhook_id = made.webhook.webhook_id
    say(
        t(
            f"webhook {webhook_id} 已生效, 签名密钥在 {output}。"
            f"测试: kaipiao webhook test {webhook_id}",
            f"Webhook {webhook_id} is in force; its secret is in {output}. "
            f"To try it: kaipiao webhook test {webhook_id}",
        )
    )


@command.command("list", help=t("列出 webhook", "List the webhooks."))
@json_option
@cell_options
def list_webhooks(as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        found = client.deliveries.webhooks()
    if as_json:
        for one in found:
            say_json(one)
        return
    head = (t("编号", "id"), t("名称", "name"), "URL", t("销方", "sellers"), t("状态", "state"))
    rows = [
        (
            one.webhook_id,
            one.name,
            one.url,
            ",".join(one.sellers[:3]),
            t("停用: ", "disabled: ") + one.disabled_why if one.disabled_at else t("有效", "live"),
        )
        for one in found
    ]
    say_table([head, *rows])


@command.command("delete", help=t("删除, 待推送的取消", "Delete it; what waits is cancelled."))
@click.argument("webhook_id")
@cell_options
def delete(webhook_id: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        client.deliveries.end_webhook(webhook_id)
    say(t(f"webhook {webhook_id} 已删除", f"Webhook {webhook_id} is deleted"))


@command.command(
    "rotate",
    help=t("更换签名密钥, 旧密钥再用一天", "A new secret; for a day the old one signs as well."),
)
@click.argument("webhook_id")
@output_option
@cell_options
def rotate(webhook_id: str, output: Path, url: str | None, key_file: Path | None) -> None:
    refuse_existing(output)
    with cell(url, key_file) as client:
        made = client.deliveries.rotate_webhook(webhook_id)
    write_secret(output, made.secret)
    say(t(f"新密钥在 {output}", f"The new secret is in {output}"))


@command.command("enable", help=t("重新启用", "Trust it again after it was disabled."))
@click.argument("webhook_id")
@cell_options
def enable(webhook_id: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        client.deliveries.enable_webhook(webhook_id)
    say(t(f"webhook {webhook_id} 已启用", f"Webhook {webhook_id} is enabled"))


@command.command("test", help=t("推送一条 webhook.test", "Send it a webhook.test."))
@click.argument("webhook_id")
@cell_options
def test(webhook_id: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        queued = client.deliveries.test_webhook(webhook_id)
    say(
        t(
            f"已发出。结果: kaipiao deliver show {queued.delivery_id}",
            f"On its way. To see: kaipiao deliver show {queued.delivery_id}",
        )
    )


@command.command(
    "replay", help=t("重发某段时间内的事件", "Send again what it was told of some time.")
)
@click.argument("webhook_id")
@replay_options
@cell_options
def replay(
    webhook_id: str,
    since: datetime,
    until: datetime,
    everything: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    count = send_again(webhook_id, since, until, everything, url, key_file)
    say(t(f"{count} 条将重发", f"{count} go out again"))
