"""``kaipiao cluster switchover``, ``pause``, ``resume`` and ``reinit``: done, and written down."""

import asyncio
from pathlib import Path

import click

from kaipiao.cli.cluster_reach import as_json_option, cluster_file, inside
from kaipiao.cli.cluster_told import tell
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, warn


@click.command(
    "switchover",
    help=t(
        """计划切换: 把主节点交给一个跟上进度的备节点, 约 4 秒。

        只交给能确认提交的备节点, 否则拒绝。进行中的请求稍慢, 不会丢失。
        谁、为什么, 会记在集群中, 由 status 显示。
        """,
        """Hand the lead to a standby that keeps up; about 4 s.

        Only to one that a commit may count on; refused otherwise.  Requests in flight take
        longer and none is lost.  Who asked and why is kept in the cluster and shown by status.
        """,
    ),
)
@cluster_file
@click.option("--to", metavar="MEMBER", help=t("交给谁, 默认最合适的", "Whom; default: the best."))
@click.option("--why", default="", metavar="TEXT", help=t("原因", "The reason, for status."))
@as_json_option
def switchover(file: Path, to: str | None, why: str, as_json: bool) -> None:
    from kaipiao.app import cluster_acts

    description = inside(file, as_member=True)
    tell(asyncio.run(cluster_acts.switchover(description, to, why)), as_json=as_json)


@click.command(
    "pause",
    help=t(
        "暂停自动切换, 用于维护机器。主节点此时故障不会接替; 结束后务必 resume。",
        "No failover until resume, for work on the machines: a primary that dies now stays dead.",
    ),
)
@cluster_file
@as_json_option
def pause(file: Path, as_json: bool) -> None:
    _set_pause(file, is_paused=True, as_json=as_json)


@click.command("resume", help=t("恢复自动切换", "Failover again, after pause."))
@cluster_file
@as_json_option
def resume(file: Path, as_json: bool) -> None:
    _set_pause(file, is_paused=False, as_json=as_json)


@click.command(
    "reinit",
    help=t(
        """丢弃一个备节点的数据, 从主节点重新复制。用于无法追上或已损坏的备节点。

        主节点的数据不会被丢弃: 先 switchover。
        """,
        """Throw a standby's data away and copy it anew from the primary.

        For one that cannot catch up, or is damaged.  Never for the primary: switchover first.
        """,
    ),
)
@cluster_file
@click.argument("member", metavar="MEMBER")
@click.option("--yes", is_flag=True, help=t("不再询问", "Do not ask."))
def reinit(file: Path, member: str, yes: bool) -> None:
    from kaipiao.app import cluster_acts

    description = inside(file, as_member=True)
    asks = t(f"丢弃 {member} 的数据并重新复制?", f"Throw {member}'s data away and copy it anew?")
    if not yes:
        click.confirm(asks, abort=True)
    asyncio.run(cluster_acts.reinit(description, member))
    say(
        t(
            f"已开始。进度: kaipiao cluster status {file}",
            f"It has begun. To watch it: kaipiao cluster status {file}",
        )
    )


def _set_pause(file: Path, *, is_paused: bool, as_json: bool) -> None:
    from kaipiao.app import cluster_acts

    description = inside(file, as_member=True)
    view, is_written = asyncio.run(cluster_acts.set_pause(description, is_paused=is_paused))
    tell(view, as_json=as_json)
    if not is_written:
        warn(
            t(
                "已执行, 但数据库没有应答, 未能写入审计日志。",
                "It was done; the database did not answer, so the audit log does not say so.",
            )
        )
