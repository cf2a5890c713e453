"""``kaipiao node``: what runs on one member of a cluster."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kaipiao.cli.language import t
from kaipiao.cli.terminal import say

if TYPE_CHECKING:
    from kaipiao.continuity.cluster.words import Sentence

ROLES = {
    "node": ("本程序", "this program"),
    "etcd": ("etcd", "etcd"),
    "patroni": ("Patroni", "Patroni"),
    "postgres": ("PostgreSQL", "PostgreSQL"),
    "route": ("到主库的路由", "the route to the primary"),
    "cell": ("单元", "the cell"),
}

description_file = click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)


def member_option(function: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--member",
        required=True,
        metavar="NAME",
        help=t("集群描述中的成员名", "Which member of the description this machine is."),
    )(function)


@click.group(
    "node",
    help=t(
        """集群的一个成员: 在本机运行并保持运行。

        \b
        例:  kaipiao node up --member n1 cluster.toml
             kaipiao node units --member n1 cluster.toml -o /etc/systemd/system
        """,
        """One member of a cluster: run it on this machine and keep it running.

        \b
        Examples:  kaipiao node up --member n1 cluster.toml
                   kaipiao node units --member n1 cluster.toml -o /etc/systemd/system
        """,
    ),
)
def command() -> None:
    pass


@command.command(
    "up",
    help=t(
        """运行一个成员, 直到 Ctrl-C 或 SIGTERM: Patroni 与 PostgreSQL、到主库的路由、单元。

        任何部分中断都会自动重启。先用 kaipiao cluster init 生成密码和密钥, 把该成员的 secrets
        文件夹放到 FOLDER/成员/cell/ 下。以 root 启动时, PostgreSQL、Patroni 和 Envoy
        由普通用户运行 (kaipiao、postgres 或 nobody)。

        停止的顺序: 单元、路由、Patroni (它交出主库并停止 PostgreSQL)。

        退出码: 0 正常停止, 2 描述或设置有误或已在运行, 3 数据库无法启动。
        """,
        """Run a member until Ctrl-C or SIGTERM: Patroni with PostgreSQL, the route to whoever
        leads, and the cell.

        Whatever dies is started again.  First make passwords and keys with kaipiao cluster init
        and put this member's folder secrets into FOLDER/MEMBER/cell/.  When root starts it,
        PostgreSQL, Patroni and Envoy are run by an ordinary user (kaipiao, postgres or nobody).

        The order of a stop: the cell, the route, Patroni (which hands over and stops PostgreSQL).

        Exits 0 after a stop, 2 if the description or a setting is wrong or the member runs
        already, 3 if the database does not start.
        """,
    ),
)
@member_option
@description_file
def up(member: str, file: Path) -> None:
    from kaipiao.app.node import run_node
    from kaipiao.continuity.cluster.description import read_description

    description = read_description(file)
    chosen = description.member(member)
    say(t(f"正在启动成员 {member} ...", f"Starting member {member} ..."))
    asyncio.run(run_node(description, chosen, announce=announce, tell=tell))
    say(t("已停止。", "Stopped."))


def announce(pids: dict[str, int]) -> None:
    """One line whenever another process does something here."""
    parts = [f"{t(*ROLES[role])} {pids[role]}" for role in ROLES if role in pids]
    say(t("进程: ", "Processes: ") + ", ".join(parts))


def tell(sentence: "Sentence") -> None:
    """What it did by itself, and why."""
    say(t(sentence.zh, sentence.en))


@command.command(
    "units",
    help=t(
        """写出 systemd 单元文件: 开机启动该成员, 意外结束后再次启动。

        \b
        例:  kaipiao node units --member n1 /etc/kaipiao/cluster.toml -o /etc/systemd/system
             systemctl daemon-reload
             systemctl enable --now kaipiao-名称-n1

        不给 -o 时输出到屏幕。描述文件须在开机时就能读到。
        """,
        """Write the systemd unit: the member is started at boot, and again whatever ends it.

        \b
        Example:  kaipiao node units --member n1 /etc/kaipiao/cluster.toml -o /etc/systemd/system
                  systemctl daemon-reload
                  systemctl enable --now kaipiao-NAME-n1

        Without -o it goes to the screen.  The description must be readable at boot.
        """,
    ),
)
@member_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=t("写入的目录", "Folder to write the unit into."),
)
@description_file
def units(member: str, output: Path | None, file: Path) -> None:
    import sys

    from kaipiao.continuity.cluster.description import read_description
    from kaipiao.continuity.cluster.units import render_unit, unit_name, write_unit

    description = read_description(file)
    chosen = description.member(member)
    program = [str(Path(sys.executable).with_name("kaipiao"))]
    text = render_unit(description, chosen, program)
    if output is None:
        click.echo(text, nl=False)
        return
    path = output / unit_name(description, chosen)
    write_unit(text, path)
    say(t(f"已写入 {path}", f"Wrote {path}"))
