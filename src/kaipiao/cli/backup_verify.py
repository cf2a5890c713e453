"""``kaipiao backup verify``: a backup is restored in a scratch place and proved."""

import asyncio
from pathlib import Path

import click

from kaipiao.cli.backup_options import JSON, OTHERS, Where, moment, of_a_cell
from kaipiao.cli.backup_words import StepsSaid, proofs_in_words
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json


@click.command(
    "verify",
    help=t(
        """证明备份可用: 恢复到旁边的临时目录, 重放, 启动, 从恢复的账本重算存证日志的根, 与最后见证
        (否则最后发布) 的检查点比较, 然后删除临时目录。两本日志 (发票和审计) 都证明。需要与单元
        同样大的磁盘空间。

        退出码: 0 可用且根相符, 1 不可用或不符。
        """,
        """Prove that a backup will do: restore it into a scratch folder beside it, replay it, start
        it, make the evidence log's root again from the restored ledger, hold that against the
        last checkpoint that was witnessed (else published), and remove the scratch.  Both logs are
        proved, the invoices' and the audit log.  It takes as much disk as the cell.

        Exits 0 if it will do and the root is the same, 1 if not.
        """,
    ),
)
@of_a_cell
@click.option("--to", metavar="TIME", help=t("重放到这一时刻", "Replay to this moment."))
@OTHERS
@JSON
def verify(where: Where, to: str | None, others: tuple[Path, ...], as_json: bool) -> None:
    from kaipiao.app.bring_back import Wanted, verify_backup

    shelf = where.folder or where.shelf(where.settings())
    wanted = Wanted(folder=shelf, to=moment(to), others=others)
    restored = asyncio.run(verify_backup(wanted, say=StepsSaid()))
    if as_json:
        say_json(restored)
    else:
        say(proofs_in_words(restored))
