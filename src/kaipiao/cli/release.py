"""``kaipiao release``: a new program for a running cell, under load, and the way back."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json

F = TypeVar("F", bound=Callable[..., Any])

_DATA = click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))
_JSON = click.option(
    "--json", "as_json", is_flag=True, help=t("每步一行 JSON", "One JSON object a step.")
)
_FILE = click.argument(
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=False,
    metavar="[FILE]",
)
_BY = click.option(
    "--by",
    default="",
    metavar="COMMAND",
    help=t(
        "集群: 如何到达其他机器, 如 'ssh root@{address}'",
        "Of a cluster: how to get to another machine: 'ssh root@{address}'.",
    ),
)
_WITHOUT = click.option(
    "--without",
    multiple=True,
    metavar="MEMBER",
    help=t("集群: 不再使用的成员", "Of a cluster: a member that is gone for good."),
)


def _cluster_options(function: F) -> F:
    """``FILE``, ``--by`` and ``--without``: for a cluster's members in turn."""
    return _FILE(_BY(_WITHOUT(function)))


@click.group(
    "release",
    help=t(
        """发布新版本, 不停机; 完成之前随时可以回退。

        每个版本装在单独的环境 (venv) 里, 以该环境的 bin/python 指明。在单元所在的机器上、
        以单元的用户、在单元运行时执行。集群: 给出描述文件 FILE, 逐个成员进行。

        \b
        例:  kaipiao release apply /opt/kaipiao-0.2/bin/python
             kaipiao release status
             kaipiao release rollback
             kaipiao release finish --yes
             kaipiao release apply /opt/kaipiao-0.2/bin/python cell.toml --by 'ssh root@{address}'
        """,
        """A new program for a running cell, without a pause; and back, at any moment before finish.

        Each release lives in an environment (venv) of its own and is named by its bin/python.  Run
        this on the cell's machine, as the cell's user, while the cell runs.  For a cluster, name
        its description FILE: it goes from member to member.

        \b
        Examples:  kaipiao release apply /opt/kaipiao-0.2/bin/python
                   kaipiao release status
                   kaipiao release rollback
                   kaipiao release finish --yes
                   kaipiao release apply /opt/k-0.2/bin/python cell.toml --by 'ssh root@{address}'
        """,
    ),
)
def command() -> None:
    pass


@command.command(
    "apply",
    help=t(
        """以 PROGRAM 的程序接替正在运行的程序, 销方不受影响。

        先核对 (能否运行、迁移是否相接、约定是否一致), 执行 pre 迁移, 新旧程序各自由账本重算
        存证日志的根并与已签名的比对, 试运行一个无人能访问的服务进程; 然后逐个替换:
        新的就绪后旧的才退出。
        任何一步失败, 原程序照常运行。Ctrl-C 只停止显示, 用 kaipiao release status 查看。

        集群 (FILE): 所有成员正常时才轮到下一个, 备节点在先, 写日志的成员最后; PROGRAM 在每台机器上
        路径相同。某个成员有问题就停下并说明该做什么; 再次执行会接着做, rollback 可全部撤回。

        \b
        例:  kaipiao release apply /opt/kaipiao-0.2/bin/python
             kaipiao release apply /opt/kaipiao-0.2/bin/python --finish-after 48
             kaipiao release apply /opt/kaipiao-0.2/bin/python cell.toml

        退出码: 0 新程序在运行, 1 被拒绝 (原程序在运行), 3 单元没有应答。
        """,
        """Let the program of PROGRAM follow the one that runs; sellers notice nothing.

        First it is judged (does it run, do its migrations follow ours, do its processes and our
        supervisor understand each other), its pre migrations are applied, both programs make the
        log's root again from the ledger and must arrive at the signed one, and a server that
        nobody can reach is tried.  Then process by process: the old one goes when the new one is
        ready.  Whatever fails, the former program runs on.  Ctrl-C ends only the telling: see
        kaipiao release status.

        Of a cluster (FILE), the next member has its turn when all are well: standbys first, who
        writes the log last; PROGRAM is at the same path on every machine.  If a member is not
        well it stops and says what to do; typed again it goes on, and rollback undoes it all.

        \b
        Examples:  kaipiao release apply /opt/kaipiao-0.2/bin/python
                   kaipiao release apply /opt/kaipiao-0.2/bin/python --finish-after 48
                   kaipiao release apply /opt/kaipiao-0.2/bin/python cell.toml

        Exits 0 if the new program runs, 1 if it was refused (the former one runs), 3 if the cell
        did not answer.
        """,
    ),
)
@click.argument("program", metavar="PROGRAM")
@click.option(
    "--finish-after",
    type=click.FloatRange(min=0, max=8_760),
    default=0.0,
    metavar="HOURS",
    help=t(
        "这么多小时没有故障后自动完成, 不再可回退; 默认由人执行 finish (集群总是由人)",
        "Finish by itself after so long without a fault: then no way back.  Default: when a "
        "person says so; of a cluster, always.",
    ),
)
@click.option(
    "--at-rest",
    is_flag=True,
    help=t(
        "单元没有运行: 下次启动时用 PROGRAM (别的成员已经发布, 这个成员当时不在)",
        "The cell does not run: its next start takes PROGRAM, as the other members did while "
        "this one was away.",
    ),
)
@_cluster_options
@_DATA
@_JSON
def apply(
    program: str,
    finish_after: float,
    at_rest: bool,
    file: Path | None,
    by: str,
    without: tuple[str, ...],
    data: str | None,
    as_json: bool,
) -> None:
    from kaipiao.app.release_door import Request
    from kaipiao.cli.release_told import ask_cell, folder_of, tell, walk_of

    python = os.path.abspath(program)
    if file and (finish_after or at_rest):
        raise click.UsageError(
            t(
                "集群由人完成: kaipiao release finish FILE --yes; --at-rest 只用于单个成员",
                "of a cluster, a person says finish: kaipiao release finish FILE --yes; and "
                "--at-rest is for one member (--data)",
            )
        )
    if file:
        tell(walk_of(file, by, without).apply(python), as_json=as_json)
    elif at_rest:
        from kaipiao.app.release_current import apply_at_rest

        then = asyncio.run(apply_at_rest(folder_of(data), python))
        _tell_next_start(str(then.program), as_json=as_json)
    else:
        request = Request(act="apply", python=python, finish_after_h=finish_after)
        ask_cell(folder_of(data), request, as_json=as_json)


@command.command(
    "rollback",
    help=t(
        """回到发布之前的程序, 同样逐个替换; 完成 (finish) 之后不能回退。

        换回之后, 由原程序从账本重算存证日志的根, 与已签名的比对: 已受理的一张不少。单元没有运行时
        (例如新程序根本无法启动) 也可执行: 下次 kaipiao up 启动原程序。

        集群 (FILE): 逐个成员回退; 没有应答的成员恢复后再次执行, 或用 --without 留下它。

        \b
        例:  kaipiao release rollback
             kaipiao release rollback cell.toml

        退出码: 0 原程序在运行, 1 被拒绝, 3 单元没有应答。
        """,
        """Go back to the program before the release, process by process; not after finish.

        Then the former program makes the log's root again from the ledger, and it must be the
        signed one: nothing that was acknowledged is missing.  It works, too, while the cell does
        not run, say because the new program does not even start: the next kaipiao up then
        starts the former one.

        Of a cluster (FILE), member by member.  One that does not answer is left out by --without,
        and goes back when this is typed again.

        \b
        Examples:  kaipiao release rollback
                   kaipiao release rollback cell.toml

        Exits 0 if the former program runs, 1 if it was refused, 3 if the cell did not answer.
        """,
    ),
)
@_cluster_options
@_DATA
@_JSON
def rollback(
    file: Path | None, by: str, without: tuple[str, ...], data: str | None, as_json: bool
) -> None:
    from kaipiao.app.folder import AlreadyRunning
    from kaipiao.app.release_current import roll_back_at_rest
    from kaipiao.app.release_door import Request
    from kaipiao.cli.release_told import ask_cell, folder_of, tell, walk_of

    if file:
        tell(walk_of(file, by, without).roll_back(), as_json=as_json)
        return
    folder = folder_of(data)
    try:
        back = roll_back_at_rest(folder)
    except AlreadyRunning:
        ask_cell(folder, Request(act="rollback"), as_json=as_json)
    else:
        _tell_next_start(str(back.program), as_json=as_json)


def _tell_next_start(program: str, *, as_json: bool) -> None:
    from kaipiao.continuity.release.said import done

    said = done(
        f"单元没有运行; 下次 kaipiao up 启动 {program}。",
        f"The cell does not run; the next kaipiao up starts {program}.",
    )
    say_json(said) if as_json else say(t(said.zh, said.en))


@command.command(
    "finish",
    help=t(
        """完成发布: 执行 post 迁移。此后不能再回退到旧程序。

        请先确认没有旧程序在运行, 并说 --yes。中断后再次执行会接着做。集群 (FILE): 确认每个成员都已
        运行新程序, 关闭每个成员的回退之路, 然后迁移。

        \b
        例:  kaipiao release finish --yes
             kaipiao release finish cell.toml --yes

        退出码: 0 已完成, 1 被拒绝, 3 单元没有应答。
        """,
        """Finish the release: post migrations.  From then on there is no way back.

        Make sure that no old program runs anywhere on this database, and say --yes.  After an
        interruption run it again.  Of a cluster (FILE), it makes sure that every member runs the
        new program, closes the way back on each, and then migrates.

        \b
        Examples:  kaipiao release finish --yes
                   kaipiao release finish cell.toml --yes

        Exits 0 if it is finished, 1 if it was refused, 3 if the cell did not answer.
        """,
    ),
)
@click.option(
    "--yes",
    is_flag=True,
    help=t("我确认没有旧程序在运行", "I made sure that no old program runs any more."),
)
@click.option(
    "--close",
    is_flag=True,
    help=t(
        "只关闭回退之路, 稍后再迁移 (FILE 对每个成员先做这一步)",
        "Only close the way back, and migrate later: what FILE does on every member first.",
    ),
)
@_cluster_options
@_DATA
@_JSON
def finish(
    yes: bool,
    close: bool,
    file: Path | None,
    by: str,
    without: tuple[str, ...],
    data: str | None,
    as_json: bool,
) -> None:
    from kaipiao.app.release_door import Request
    from kaipiao.cli.release_told import ask_cell, folder_of, tell, walk_of

    if not yes:
        raise click.UsageError(
            t(
                "完成后不能回退。确认每台机器都已运行新程序后, 输入: kaipiao release finish --yes",
                "there is no way back from it. When every machine runs the new program, type: "
                "kaipiao release finish --yes",
            )
        )
    if file:
        tell(walk_of(file, by, without).finish(), as_json=as_json)
    else:
        ask_cell(folder_of(data), Request(act="close" if close else "finish"), as_json=as_json)


@command.command(
    "status",
    help=t(
        """哪个程序是当前的, 发布是否完成, 能否回退; 集群 (FILE): 每个成员。

        \b
        例:  kaipiao release status --json
             kaipiao release status cell.toml
        """,
        """Which program is current, whether its release is finished, whether there is a way back;
        of a cluster (FILE), on every member, in the order of their turns.

        \b
        Examples:  kaipiao release status --json
                   kaipiao release status cell.toml
        """,
    ),
)
@_FILE
@_BY
@_DATA
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
def status(file: Path | None, by: str, data: str | None, as_json: bool) -> None:
    from kaipiao.app.beat import is_leading
    from kaipiao.app.folder import read_running
    from kaipiao.cli.release_told import folder_of, tell_current, tell_stands, walk_of
    from kaipiao.continuity.release.current import read_current

    if file:
        tell_stands(walk_of(file, by, ()).stands(), as_json=as_json)
        return
    folder = folder_of(data)
    current, runs = read_current(folder.release), read_running(folder) is not None
    if as_json:
        state = current.state if current else "none"
        leads = runs and is_leading(folder)
        say_json({"state": state, "runs": runs, "current": current, "leads": leads})
        return
    say(
        tell_current(current)
        if current
        else t("这里没有做过发布。", "No release was ever applied here.")
    )
    if not runs:
        say(t("单元没有运行。", "The cell does not run."))
