"""``kaipiao mail``: invoices by mail, once or always."""

import os
from datetime import datetime
from pathlib import Path

import click

from kaipiao.cli.deliveries import (
    buyer_option,
    json_option,
    language_option,
    name_option,
    renditions_option,
    replay_options,
    sellers_option,
    send_again,
    tell_deliveries,
)
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json, say_table

DEFAULT = ("pdf", "xml")

to_option = click.option(
    "--to",
    "send_to",
    multiple=True,
    required=True,
    metavar="ADDRESS",
    help=t("收件地址; 可重复, 每人一封", "A reader; repeat for more, each gets a mail alone."),
)


@click.group(
    "mail",
    help=t(
        """邮件: 把一张发票发给某人, 或立规则让每张新发票自动发送。

        \b
        例:  kaipiao mail send 26311000000000000001 --to buyer@example.com --as pdf --as ofd
             kaipiao mail rule --name 会计 --seller 91310000MA1FL00000 --to books@example.com
             kaipiao mail rules
             kaipiao mail replay mr_0a1b... --since 2026-11-01 --until 2026-11-02
             kaipiao mail end mr_0a1b...
        """,
        """Mail: one invoice to somebody, or a rule by which every new one goes out by itself.

        \b
        Examples:  kaipiao mail send 26311000000000000001 --to buyer@example.com --as pdf
                   kaipiao mail rule --name books --seller 91310000MA1FL00000 --to b@example.com
                   kaipiao mail rules
                   kaipiao mail replay mr_0a1b... --since 2026-11-01 --until 2026-11-02
                   kaipiao mail end mr_0a1b...
        """,
    ),
)
def command() -> None:
    pass


@command.command("send", help=t("发送一张发票, 一次", "Mail one invoice, once."))
@click.argument("number")
@to_option
@renditions_option
@language_option
@click.option(
    "--key",
    metavar="KEY",
    help=t("流水号: 同一流水号绝不发两次; 不填则每次都发", "The same key never mails it twice."),
)
@json_option
@cell_options
def send(
    number: str,
    send_to: tuple[str, ...],
    renditions: tuple[str, ...],
    language: str,
    key: str | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    with cell(url, key_file) as client:
        mails = client.deliveries.mail(
            number,
            send_to,
            renditions=renditions or DEFAULT,
            language=language,
            key=key or f"mail-{os.urandom(8).hex()}",
        )
    tell_deliveries(mails, as_json=as_json)


@command.command(
    "rule", help=t("新建规则: 每张新发票自动发送", "Mail every new invoice from now on.")
)
@name_option
@to_option
@sellers_option
@buyer_option
@renditions_option
@language_option
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@cell_options
def rule(
    name: str,
    send_to: tuple[str, ...],
    sellers: tuple[str, ...],
    buyer: str,
    renditions: tuple[str, ...],
    language: str,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    with cell(url, key_file) as client:
        made = client.deliveries.create_mail_rule(
            name=name,
            send_to=send_to,
            sellers=sellers,
            buyer=buyer,
            renditions=renditions or DEFAULT,
            language=language,
        )
    if as_json:
        say_json(made)
    else:
        say(t(f"邮件规则 {made.rule_id} 已生效", f"Mail rule {made.rule_id} is in force"))


@command.command("rules", help=t("列出邮件规则", "List the mail rules."))
@json_option
@cell_options
def rules(as_json: bool, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        found = client.deliveries.mail_rules()
    if as_json:
        for one in found:
            say_json(one)
        return
    head = (t("编号", "id"), t("名称", "name"), t("收件人", "to"), t("销方", "sellers"))
    say_table(
        [
            head,
            *(
                (one.rule_id, one.name, ",".join(one.send_to), ",".join(one.sellers[:3]))
                for one in found
            ),
        ]
    )


@command.command("end", help=t("结束规则, 待发的取消", "End a rule; what waits is cancelled."))
@click.argument("rule_id")
@cell_options
def end(rule_id: str, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        client.deliveries.end_mail_rule(rule_id)
    say(t(f"邮件规则 {rule_id} 已结束", f"Mail rule {rule_id} has ended"))


@command.command(
    "replay", help=t("重发某段时间内的邮件", "Mail again what a rule sent of some time.")
)
@click.argument("rule_id")
@replay_options
@cell_options
def replay(
    rule_id: str,
    since: datetime,
    until: datetime,
    everything: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    count = send_again(rule_id, since, until, everything, url, key_file)
    say(t(f"{count} 封将重发", f"{count} go out again"))
