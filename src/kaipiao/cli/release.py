"""``kaipiao release``: a new program for a running cell, under load, and the way back."""

import os
from typing import TYPE_CHECKING

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, warn

if TYPE_CHECKING:
    from kaipiao.app.folder import CellFolder
    from kaipiao.app.release_door import Request
    from kaipiao.continuity.release.current import Current

_DATA = click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))
_JSON = click.option(
    "--json", "as_json", is_flag=True, help=t("每步一行 JSON", "One JSON object a step.")
)


@click.group(
    "release",
    help=t(
        """发布新版本, 不停机; 完成之前随时可以回退。

        每个版本装在单独的环境 (venv) 里, 以该环境的 bin/python 指明。在单元所在的机器上、
        以单元的用户、在单元运行时执行; 三机单元逐台执行。

        \b
        例:  kaipiao release apply /opt/kaipiao-0.2/bin/python
             kaipiao release status
             kaipiao release rollback
             kaipiao release finish --yes
        """,
        """A new program for a running cell, without a pause; and back, at any moment before finish.

        Each release lives in an environment (venv) of its own and is named by its bin/python.  Run
        this on the cell's machine, as the cell's user, while the cell runs; a cell of three
        machines takes its release member by member.

        \b
        Examples:  kaipiao release apply /opt/kaipiao-0.2/bin/python
                   kaipiao release status
                   kaipiao release rollback
                   kaipiao release finish --yes
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

        \b
        例:  kaipiao release apply /opt/kaipiao-0.2/bin/python
             kaipiao release apply /opt/kaipiao-0.2/bin/python --finish-after 48

        退出码: 0 新程序在运行, 1 被拒绝 (原程序在运行), 3 单元没有应答。
        """,
        """Let the program of PROGRAM follow the one that runs; sellers notice nothing.

        First it is judged (does it run, do its migrations follow ours, do its processes and our
        supervisor understand each other), its pre migrations are applied, both programs make the
        log's root again from the ledger and must arrive at the signed one, and a server that
        nobody can reach is tried.  Then process by process: the old one goes when the new one is
        ready.  Whatever fails, the former program runs on.  Ctrl-C ends only the telling: see
        kaipiao release status.

        \b
        Examples:  kaipiao release apply /opt/kaipiao-0.2/bin/python
                   kaipiao release apply /opt/kaipiao-0.2/bin/python --finish-after 48

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
        "这么多小时后自动完成, 不再可回退; 默认由人执行 finish",
        "Finish by itself after so long: then no way back.  Default: when a person says so.",
    ),
)
@_DATA
@_JSON
def apply(program: str, finish_after: float, data: str | None, as_json: bool) -> None:
    from kaipiao.app.release_door import Request

    python = os.path.abspath(program)
    _ask(_folder(data), Request(act="apply", python=python, finish_after_h=finish_after), as_json)


@command.command(
    "rollback",
    help=t(
        """回到发布之前的程序, 同样逐个替换; 完成 (finish) 之后不能回退。

        换回之后, 由原程序从账本重算存证日志的根, 与已签名的比对: 已受理的一张不少。单元没有运行时
        (例如新程序根本无法启动) 也可执行: 下次 kaipiao up 启动原程序。

        \b
        例:  kaipiao release rollback

        退出码: 0 原程序在运行, 1 被拒绝, 3 单元没有应答。
        """,
        """Go back to the program before the release, process by process; not after finish.

        Then the former program makes the log's root again from the ledger, and it must be the
        signed one: nothing that was acknowledged is missing.  It works, too, while the cell does
        not run, say because the new program does not even start: the next kaipiao up then
        starts the former one.

        \b
        Example:  kaipiao release rollback

        Exits 0 if the former program runs, 1 if it was refused, 3 if the cell did not answer.
        """,
    ),
)
@_DATA
@_JSON
def rollback(data: str | None, as_json: bool) -> None:
    from kaipiao.app.folder import read_running
    from kaipiao.app.release_door import Request
    from kaipiao.app.releasing import roll_back_at_rest

    folder = _folder(data)
    if read_running(folder) or folder.release_door.exists():
        _ask(folder, Request(act="rollback"), as_json)
        return
    back = roll_back_at_rest(folder)
    if as_json:
        say_json(back)
    else:
        say(
            t(
                f"单元没有运行; 下次 kaipiao up 启动 {back.program}。",
                f"The cell does not run; the next kaipiao up starts {back.program}.",
            )
        )


@command.command(
    "finish",
    help=t(
        """完成发布: 执行 post 迁移。此后不能再回退到旧程序。

        请先确认没有旧程序在运行 (三机单元: 每台都已 apply), 并说 --yes。中断后再次执行会接着做。

        \b
        例:  kaipiao release finish --yes

        退出码: 0 已完成, 1 被拒绝, 3 单元没有应答。
        """,
        """Finish the release: post migrations.  From then on there is no way back.

        Make sure that no old program runs anywhere on this database (of three machines: that
        each has had its apply), and say --yes.  After an interruption run it again.

        \b
        Example:  kaipiao release finish --yes

        Exits 0 if it is finished, 1 if it was refused, 3 if the cell did not answer.
        """,
    ),
)
@click.option(
    "--yes",
    is_flag=True,
    help=t("我确认没有旧程序在运行", "I made sure that no old program runs any more."),
)
@_DATA
@_JSON
def finish(yes: bool, data: str | None, as_json: bool) -> None:
    from kaipiao.app.release_door import Request

    if not yes:
        raise click.UsageError(
            t(
                "完成后不能回退。确认每台机器都已运行新程序后, 输入: kaipiao release finish --yes",
                "there is no way back from it. When every machine runs the new program, type: "
                "kaipiao release finish --yes",
            )
        )
    _ask(_folder(data), Request(act="finish"), as_json)


@command.command(
    "status",
    help=t(
        """哪个程序是当前的, 发布是否完成, 能否回退。

        \b
        例:  kaipiao release status --json
        """,
        """Which program is current, whether its release is finished, whether there is a way back.

        \b
        Example:  kaipiao release status --json
        """,
    ),
)
@_DATA
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
def status(data: str | None, as_json: bool) -> None:
    from kaipiao.app.folder import read_running
    from kaipiao.continuity.release.current import read_current

    folder = _folder(data)
    current = read_current(folder.release)
    runs = read_running(folder) is not None
    if as_json:
        state = current.state if current else "none"
        say_json({"state": state, "runs": runs, "current": current})
        return
    say(_tell(current) if current else t("这里没有做过发布。", "No release was ever applied here."))
    if not runs:
        say(t("单元没有运行。", "The cell does not run."))


def _tell(current: "Current") -> str:
    since = f"{current.since:%Y-%m-%d %H:%M} UTC" if current.since else "?"
    line = t(f"当前程序 {current.program}, 自 {since}。", f"{current.program} since {since}.")
    if current.state == "finishing":
        return line + t(
            "\npost 迁移尚未做完; 请再次执行 kaipiao release finish --yes。",
            "\nIts post migrations are not done: type kaipiao release finish --yes again.",
        )
    if current.before is None:
        return line + t("\n没有未完成的发布。", "\nNo release is open.")
    line += t(
        f"\n发布未完成; 可回退到 {current.before}: kaipiao release rollback。",
        f"\nIts release is open; the way back to {current.before}: kaipiao release rollback.",
    )
    if current.finish_after:
        at = f"{current.finish_after:%Y-%m-%d %H:%M} UTC"
        line += t(f"\n{at} 自动完成。", f"\nIt finishes by itself at {at}.")
    return line


def _folder(data: str | None) -> "CellFolder":
    from kaipiao.app.folder import CellFolder
    from kaipiao.app.settings import load_settings

    return CellFolder(load_settings({"data": data}, os.environ).data)


def _ask(folder: "CellFolder", request: "Request", as_json: bool) -> None:
    """Show every step; exits 1 if the answer is no."""
    from kaipiao.app.release_door import ask

    for said in ask(folder.release_door, request):
        if as_json:
            say_json(said)
        else:
            (warn if said.is_refused else say)(t(said.zh, said.en))
        if said.is_refused:
            raise click.exceptions.Exit(exits.NO)
