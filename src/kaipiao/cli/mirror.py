"""``kaipiao mirror``: a copy of somebody's log, proved, kept up to date, and served."""

import asyncio
import os
from pathlib import Path

import click
import msgspec

from kaipiao.cli import exits
from kaipiao.cli.copying import CopyBar, TellWhy, parse_log_keys
from kaipiao.cli.language import t
from kaipiao.cli.log_source import log_key_option
from kaipiao.cli.terminal import printable, say, say_json

_DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    envvar="KAIPIAO_MIRROR_DATA",
    help=t("镜像的目录", "The mirror's folder."),
)
_KEY = log_key_option(required=True)


class MirrorStatus(msgspec.Struct, frozen=True):
    log: str
    size: int
    refused: int  # exhibits


@click.group(
    "mirror",
    help=t(
        """镜像: 复制任何 C2SP tlog-tiles 日志, 逐块证明后才保留, 持续跟随并对外提供。

        \b
        例:  kaipiao mirror up https://cell.example --key log.vkey
             kaipiao mirror up https://cell.example --key log.vkey --once
             kaipiao log rebuild --from http://mirror.example:8740 --key log.vkey
        """,
        """Copy any C2SP tlog-tiles log, prove every file before it is kept, follow and serve it.

        \b
        Examples:  kaipiao mirror up https://cell.example --key log.vkey
                   kaipiao mirror up https://cell.example --key log.vkey --once
                   kaipiao log rebuild --from http://mirror.example:8740 --key log.vkey
        """,
    ),
)
def command() -> None:
    pass


@command.command(
    "up",
    help=t(
        """复制 SOURCE (网址或目录) 的日志, 持续跟随并提供, 直到 Ctrl-C 或 SIGTERM。

        每个文件都证明位于签名的根之下才保留; 中断后接着做。来源变短或改写历史, 即使由真密钥签名
        也被拒绝: 副本不变, 双方签名的检查点存入 DIR/refused。--once 只复制一次即退出。

        就绪后 --ready-file 中有 JSON: url, source, pid, data。

        退出码: 0 正常停止或已复制, 1 来源损坏或被拒绝 (--once), 2 设置有误。
        """,
        """Copy the log at SOURCE (an address or a folder), follow it and serve it, until Ctrl-C or
        SIGTERM.

        A file is kept once it is proved to lie under the signed root; what was interrupted goes
        on where it was.  A source that became shorter or tells another history is refused, even
        if the genuine key signed that: the copy stays as it was, and both signed checkpoints are
        kept in DIR/refused.  --once copies once and ends.

        Once it answers, --ready-file holds JSON: url, source, pid, data.

        Exits 0 after a stop or a copy, 1 if the source is damaged or refused (--once), 2 if a
        setting is wrong.
        """,
    ),
)
@click.argument("source", metavar="SOURCE")
@_KEY
@_DATA
@click.option("--host", default="127.0.0.1", show_default=True, help=t("监听地址", "Address."))
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=8740,
    show_default=True,
    help=t("端口, 0 任选", "Port; 0 takes a free one."),
)
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.1, 86_400),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help=t("两次查看来源之间", "Between two looks at the source."),
)
@click.option("--once", is_flag=True, help=t("只复制一次", "Copy once and end."))
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("就绪后写入的文件", "Written when it answers, removed when it stops."),
)
def up(
    source: str,
    log_key: str,
    data: Path | None,
    host: str,
    port: int,
    every_s: float,
    once: bool,
    ready_file: Path | None,
) -> None:
    from kaipiao.app.mirror import RunningMirror, copy_once, run_mirror

    def announce(running: RunningMirror) -> None:
        say(
            t(
                f"就绪: {running.url}   状态: {running.url}/mirror\n"
                f"核对: kaipiao log audit {running.url} --key 公钥\n停止: Ctrl-C",
                f"Ready: {running.url}   How it stands: {running.url}/mirror\n"
                f"To check it: kaipiao log audit {running.url} --key KEY\nTo stop: Ctrl-C",
            )
        )

    folder = _folder(data)
    with TellWhy():
        keys = parse_log_keys(log_key)
        if once:
            copied = copy_once(source, keys, folder, CopyBar())
            say(
                t(
                    f"已复制 {copied.entries} 项, 共 {copied.checkpoint.size} 项, 全部证明。",
                    f"{copied.entries} entries copied; {copied.checkpoint.size} are here, "
                    "all proved.",
                )
            )
            return
        asyncio.run(
            run_mirror(
                source,
                keys,
                folder,
                host=host,
                port=port,
                every_s=every_s,
                ready_file=ready_file,
                announce=announce,
                progress=CopyBar(),
            )
        )
    say(t("已停止。", "Stopped."))


@command.command(
    "status",
    help=t(
        "副本有多少项, 来源有没有食言。退出码: 0 没有, 1 有。",
        "How much is here, and whether the source has broken its word.  Exits 0 if not, 1 if so.",
    ),
)
@_KEY
@_DATA
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
@click.pass_context
def status(context: click.Context, log_key: str, data: Path | None, as_json: bool) -> None:
    from kaipiao.app.mirror import EXHIBITS_NAME, LOG_NAME
    from kaipiao.evidence.disk import LocalDisk
    from kaipiao.evidence.exhibits import Exhibits
    from kaipiao.evidence.mirror.shelf import Shelf

    folder = _folder(data)
    with TellWhy():
        held = Shelf(LocalDisk(folder / LOG_NAME), parse_log_keys(log_key)).held()
    exhibits = Exhibits(folder / EXHIBITS_NAME).all()
    found = MirrorStatus(held[0].origin if held else "", held[0].size if held else 0, len(exhibits))
    if as_json:
        say_json(found)
    else:
        say(
            t(
                f"{printable(found.log)}: {found.size:,} 项, 物证 {found.refused} 件",
                f"{printable(found.log)}: {found.size:,} entries, {found.refused} exhibits",
            )
        )
    for exhibit in [] if as_json else exhibits:
        say(f"  {exhibit.kind}  {folder / EXHIBITS_NAME / exhibit.name}")
    context.exit(exits.NO if exhibits else exits.OK)


def _folder(data: Path | None) -> Path:
    if data is not None:
        return data
    from kaipiao.app.mirror import default_mirror_folder

    return default_mirror_folder(os.environ)
