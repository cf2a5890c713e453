"""``kaipiao log rebuild``: a cell's lost log comes back from a mirror, proved before it is used."""

import os
from pathlib import Path

import click

from kaipiao.cli.copying import CopyBar, TellWhy, parse_log_keys
from kaipiao.cli.language import t
from kaipiao.cli.log_source import log_key_option
from kaipiao.cli.terminal import say, say_json


@click.command(
    "rebuild",
    help=t(
        """从镜像重建单元丢失的日志目录。请先停止单元。

        先复制到旁边的目录并审计全部内容, 证明它以 --witnessed 的检查点 (镜像的
        checkpoint.witnessed, 或取自见证方) 和残留的检查点开头, 才放回原处; 原目录改名保留。
        然后照常启动单元: 它的账本必须导出同样的根。

        \b
        例:  kaipiao log rebuild --from http://mirror.example:8740 --key log.vkey
             kaipiao log rebuild --from /mnt/mirror/log --key log.vkey --witnessed 检查点

        退出码: 0 已放回, 1 副本不符, 2 无法读取或单元在运行。
        """,
        """Make the lost log folder of a cell again from a mirror.  Stop the cell first.

        It is copied into a folder beside and audited; it must begin with the checkpoint of
        --witnessed (a mirror's checkpoint.witnessed, or from a witness) and with whatever
        checkpoint is left; only then is it put in place, and the lost folder kept beside it.
        Then start the cell as ever: its ledger must lead to the same root.

        \b
        Examples:
          kaipiao log rebuild --from http://mirror.example:8740 --key log.vkey
          kaipiao log rebuild --from /mnt/mirror/log --key log.vkey --witnessed FILE

        Exits 0 if it is in place, 1 if the copy falls short, 2 if it cannot be read or the cell
        runs.
        """,
    ),
)
@click.option(
    "--from",
    "source",
    metavar="DIR|URL",
    required=True,
    help=t("镜像: 目录或网址", "The mirror: a folder or an address."),
)
@log_key_option()
@click.option(
    "--witnessed",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help=t("他人见证过的检查点", "A checkpoint that others have seen."),
)
@click.option("--data", metavar="DIR", help=t("单元的数据目录", "The cell's data folder."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
def rebuild(
    source: str, log_key: str | None, witnessed: Path | None, data: str | None, as_json: bool
) -> None:
    from kaipiao.app.restoring import rebuild as rebuild_log
    from kaipiao.app.settings import load_settings

    settings = load_settings({"data": data}, os.environ)
    with TellWhy():
        done = rebuild_log(
            source,
            parse_log_keys(log_key),
            settings.data,
            witnessed=witnessed.read_bytes() if witnessed else None,
            progress=CopyBar(),
        )
    size = done.checkpoint.size
    if as_json:
        say_json({"size": size, "witnessed": done.witnessed, "lost": done.lost and str(done.lost)})
        return
    say(
        t(
            f"已放回: {size} 项, 全部证明。启动单元: kaipiao up --data {settings.data}",
            f"In place: {size} entries, all proved. Start the cell: "
            f"kaipiao up --data {settings.data}",
        )
    )
    if done.witnessed is None:
        say(
            t(
                "未给出 --witnessed: 只证明了日志自己签过它, 没有与他人见过的相比。",
                "Without --witnessed it is proved that the log has signed this, not that others "
                "saw the same.",
            )
        )
