"""``kaipiao log keys`` and ``kaipiao log rotate``: under which names and keys a log is signed."""

import asyncio
import os
from typing import TYPE_CHECKING

import click

from kaipiao.cli.language import t
from kaipiao.cli.reach import anyone
from kaipiao.cli.terminal import say, say_json

if TYPE_CHECKING:
    from kaipiao.app.rotate import Prepared, Rotated


@click.command(
    "keys",
    help=t(
        """日志历来的名称、公钥和起止时间。

        日志每季换一个名称和一组密钥 (kaipiao log rotate), 内容不断。旧回执永远用旧公钥查验。
        """,
        """The names and keys under which the log was and is signed, with their times.

        Each quarter the log gets a new name and new keys (kaipiao log rotate); what is in it goes
        on.  Old receipts are verified with the old key, for ever.
        """,
    ),
)
@click.option(
    "--url", envvar="KAIPIAO_URL", metavar="URL", help=t("单元地址", "Address of the cell.")
)
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
def keys(url: str | None, as_json: bool) -> None:
    from kaipiao.evidence.signing.publication import ORIGINS, parse_periods

    with anyone(url) as client:
        periods = parse_periods(client.log_file(ORIGINS))
    if as_json:
        say_json(periods)
        return
    for period in periods:
        until = f"{period.until:%Y-%m-%d}" if period.until else t("至今", "now")
        say(f"{period.origin}  {period.since:%Y-%m-%d} – {until}")
        for vkey in period.vkeys:
            say(f"  {vkey}")


@click.command(
    "rotate",
    help=t(
        """让日志换用新的名称和密钥, 每季一次, 由运维人员执行。

        在单元所在的机器上、以单元的用户、在单元运行时执行。新密钥生成后, 一份由新旧密钥共同签名的
        声明成为日志中的一项; 之后 30 天内新旧两个名称的检查点都会发布。中断后原样重做即可。

        集群中: 在一个成员上 --prepare, 把新密钥复制到其他成员, 再在每个成员上执行。

        \b
        例:  kaipiao log rotate --prepare
             kaipiao log rotate
             kaipiao log rotate --origin kaipiao.example/31-1/2027q1
        """,
        """Give the log a new name and new keys: once a quarter, by its operator.

        Run it on the cell's machine, as the cell's user, while the cell runs.  New keys are made,
        and a statement signed by the old and the new ones becomes an entry of the log.  For 30
        days checkpoints are published under both names.  After an interruption run it again.

        In a cluster: --prepare on one member, copy the new keys to the others, then run it on each.

        \b
        Examples:  kaipiao log rotate --prepare
                   kaipiao log rotate
                   kaipiao log rotate --origin kaipiao.example/31-1/2027q1
        """,
    ),
)
@click.option(
    "--origin",
    metavar="NAME",
    help=t("新名称, 默认为原名加季度", "The new name; default: the log's name and the quarter."),
)
@click.option(
    "--prepare",
    "only_prepare",
    is_flag=True,
    help=t(
        "只生成新密钥并显示公钥, 供事先告知见证方",
        "Only make the new keys and show them, to tell witnesses beforehand.",
    ),
)
@click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
def rotate(origin: str | None, only_prepare: bool, data: str | None, as_json: bool) -> None:
    from kaipiao.app import rotate as act
    from kaipiao.app.clock import SystemClock
    from kaipiao.app.settings import load_settings

    settings, now = load_settings({"data": data}, os.environ), SystemClock().now()
    try:
        if only_prepare:
            _show_prepared(act.prepare(settings, origin, now=now), as_json)
        else:
            _show_rotated(asyncio.run(act.rotate(settings, origin, now=now)), as_json)
    except act.NotTheCellsUser:
        raise click.UsageError(
            t(
                f"请以 {settings.data} 的所有者运行, 否则单元无法读取新密钥",
                f"run it as the owner of {settings.data}, or the cell could not read the new keys",
            )
        ) from None
    except act.NotAlone as refused:
        raise click.UsageError(t(refused.zh, refused.en)) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _show_prepared(made: "Prepared", as_json: bool) -> None:
    if as_json:
        say_json(made)
        return
    say(t(f"{made.origin} 的密钥已备好, 尚未启用:", f"Keys of {made.origin}, not used yet:"))
    for vkey in made.vkeys:
        say(f"  {vkey}")


def _show_rotated(done: "Rotated", as_json: bool) -> None:
    if as_json:
        say_json(done)
        return
    say(t(f"日志现名 {done.newest.origin}。", f"The log is now {done.newest.origin}."))
    say(t("请公布新公钥, 并告知见证方:", "Publish the new key, and tell your witnesses:"))
    say(f"  {done.newest.vkeys[0]}")
    say(
        t(
            f"{done.former.origin} 的检查点发布到 {done.former.until:%Y-%m-%d}。",
            f"{done.former.origin} is signed, too, until {done.former.until:%Y-%m-%d}.",
        )
    )
