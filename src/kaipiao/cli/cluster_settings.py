"""``kaipiao cluster settings``: what the members share, as it runs and as it is wanted."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli import exits
from kaipiao.cli.cluster_reach import as_json_option, cluster_file, inside
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, say_table

if TYPE_CHECKING:
    from kaipiao.continuity.cluster.shared import Difference


@click.command(
    "settings",
    help=t(
        """各成员共同的 Patroni 和 PostgreSQL 设置: 本程序想要的与正在运行的有何不同。

        共同设置只在建立集群时写入一次; 程序升级后若想要别的值, 用 --push 告诉正在运行的集群。
        只改不同的项, 其余 (暂停、备份的复制槽、您自己加的) 不动。要重启数据库才生效的,
        由 kaipiao cluster status 显示; 逐台重启即可。每次更改都记入审计日志。

        退出码: 0 没有不同, 或已改; 1 有不同, 未改。
        """,
        """The settings of Patroni and PostgreSQL that all members share: how what runs differs
        from what this program wants.

        They are written once, when the cluster is made.  If a newer program wants others, --push
        tells the living cluster.  Only what differs is changed; the rest (a pause, the backups'
        slots, what you added) stays.  What waits for a restart of the database is shown by
        kaipiao cluster status: restart the members one by one.  A change is in the audit log.

        \b
        Examples:  kaipiao cluster settings cell.toml
                   kaipiao cluster settings cell.toml --push

        Exits 0 if nothing differs or it was changed, 1 if something differs and was not.
        """,
    ),
)
@cluster_file
@click.option("--push", is_flag=True, help=t("改成想要的", "Make what runs what is wanted."))
@as_json_option
@click.pass_context
def settings(context: click.Context, file: Path, push: bool, as_json: bool) -> None:
    from kaipiao.app import cluster_acts

    description = inside(file, as_member=True)
    found = cluster_acts.look_at_settings(description)
    if found and push:
        asyncio.run(cluster_acts.push_settings(description, found))
    if as_json:
        say_json({"differences": [one._asdict() for one in found], "pushed": bool(found) and push})
    else:
        _show(found, pushed=push)
    context.exit(exits.NO if found and not push else exits.OK)


def _show(found: "list[Difference]", *, pushed: bool) -> None:
    if not found:
        say(t("共同设置与想要的一致。", "What runs is what is wanted."))
        return
    head = (t("设置", "setting"), t("想要", "wanted"), t("运行中", "runs"))
    say_table([head, *((one.name, str(one.wanted), _or_dash(one.runs)) for one in found)])
    if pushed:
        say(t("已改。查看: kaipiao cluster status", "Changed. Look: kaipiao cluster status"))
    else:
        say(t("改成想要的: 加 --push", "To change what runs: add --push"))


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)
