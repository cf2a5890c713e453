"""``kaipiao restore``: a cell comes back from its backups, to a moment, proved."""

import asyncio
import os
from pathlib import Path

import click

from kaipiao.cli.backup_options import OTHERS, moment
from kaipiao.cli.backup_words import StepsSaid, proofs_in_words
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json


@click.command(
    "restore",
    help=t(
        """从备份恢复一个单元到空的数据目录, 重放到最后一刻或 --to 的时刻。

        先核对备份的每个文件, 再合并、重放, 从账本重算存证日志的根, 与最后见证 (否则最后发布) 的
        检查点比较。账本比已发布的短, 或导出另一个根, 一律拒绝, 不留下任何内容。
        --to 无时区时为北京时间。

        恢复后照常启动: kaipiao up --data DIR。它在签名之前先询问见证方, 并另起一个备份系列。

        \b
        例:  kaipiao restore --from /mnt/backup --data /srv/kaipiao
             kaipiao restore --from /mnt/backup --data /srv/kaipiao --to 2026-11-25T20:00:00

        退出码: 0 已恢复并相符, 1 备份不符或时刻不可, 2 目录不可用, 3 数据库不能启动。
        """,
        """Bring a cell back from its backups into an empty data folder, to the last moment there
        is or to --to TIME.

        Every file of the backup is checked before it is used; then the chain is put together and
        replayed, and the evidence log's root, made again from the ledger, is held against the last
        checkpoint that was witnessed (else published).  A ledger that is shorter than what was
        published, or leads to another root, is refused, and nothing is left behind.  A TIME without
        a zone is Beijing's.

        Then start it as ever: kaipiao up --data DIR.  It asks its witnesses before it signs, and
        begins a new series of backups.

        \b
        Examples:
          kaipiao restore --from /mnt/backup --data /srv/kaipiao
          kaipiao restore --from /mnt/backup --data /srv/kaipiao --to 2026-11-25T20:00:00

        Exits 0 if it is back and proved, 1 if a backup does not hold or the moment cannot be, 2 if
        the folder will not do, 3 if the database does not start.
        """,
    ),
)
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    metavar="DIR",
    required=True,
    envvar="KAIPIAO_BACKUP_FOLDER",
    help=t("备份目录", "The folder of the backups."),
)
@click.option("--to", metavar="TIME", help=t("恢复到这一时刻", "The moment to restore to."))
@OTHERS
@click.option("--data", metavar="DIR", help=t("空的数据目录", "An empty data folder."))
@click.option("--json", "as_json", is_flag=True, help=t("输出 JSON", "Print JSON."))
def command(
    source: Path, to: str | None, others: tuple[Path, ...], data: str | None, as_json: bool
) -> None:
    from kaipiao.app.bring_back import Wanted, restore_cell
    from kaipiao.app.settings import load_settings

    into = Path(load_settings({"data": data}, os.environ).data)
    wanted = Wanted(folder=source, to=moment(to), others=others)
    restored = asyncio.run(restore_cell(into, wanted, say=StepsSaid()))
    if as_json:
        say_json(restored)
        return
    say(proofs_in_words(restored))
    say(
        t(
            f"已恢复到 {into}。启动: kaipiao up --data {into}",
            f"Restored into {into}. To start it: kaipiao up --data {into}",
        )
    )
