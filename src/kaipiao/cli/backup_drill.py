"""``kaipiao backup drill``: a cell is lost whole and comes back, against a clock."""

import asyncio
from pathlib import Path
from typing import Any

import click

from kaipiao.cli import exits
from kaipiao.cli.backup_options import JSON
from kaipiao.cli.backup_words import StepsSaid, megabytes
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, warn


@click.command(
    "drill",
    help=t(
        """恢复演练: 在临时目录中启动一个单元, 开票, 备份, 在负载下杀掉一切并删除整个目录,
        再从备份恢复, 逐张核对每一张已应答的发票, 并计时。不触碰任何现有的单元。

        退出码: 0 一秒以前应答的全部还在且根相符, 1 不是。
        """,
        """A restore drill: start a cell in a scratch folder, issue, back up, kill everything under
        load and remove the whole folder; restore it from its backups and ask again for every
        invoice that was acknowledged.  Timed.  No cell that exists is touched.

        Exits 0 if all that was acknowledged a second before the blow, or earlier, is there and
        the root is the same; 1 if not.
        """,
    ),
)
@click.option(
    "--invoices",
    type=click.IntRange(0, 100_000_000),
    default=2_000,
    show_default=True,
    help=t("先开多少张", "How many to issue first."),
)
@click.option(
    "--in",
    "place",
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    metavar="DIR",
    help=t("在此目录下演练 (大的演练需要磁盘)", "Where: large drills need the disk."),
)
@click.option(
    "--to-moment",
    is_flag=True,
    help=t(
        "恢复到记下的一个时刻 (之后还有写入), 而不是最后一刻",
        "Restore to a noted moment, after which more was written, instead of to the last one.",
    ),
)
@click.option(
    "--journal",
    type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
    metavar="DIR",
    help=t(
        "把结果写入该目录: 一次一个 JSON, 以及 README.md 中的表格",
        "Write what was found into this folder: a JSON file a drill, and the table in README.md.",
    ),
)
@JSON
@click.pass_context
def drill(
    context: click.Context,
    invoices: int,
    place: Path | None,
    to_moment: bool,
    journal: Path | None,
    as_json: bool,
) -> None:
    from kaipiao.app.backup_drill import run_drill
    from kaipiao.app.backup_journal import keep_journal_in

    told = StepsSaid()
    found = asyncio.run(run_drill(invoices, say=told, place=place, to_moment=to_moment))
    if journal:
        warn(str(keep_journal_in(journal, found)))
    if as_json:
        say_json(found)
    else:
        _show_drill(found)
    context.exit(exits.OK if found.holds else exits.NO)


def _show_drill(found: Any) -> None:
    root = t("相同", "the same") if found.root_extends else t("不同", "another")
    say(
        t(
            f"{found.acknowledged:,} 张已应答; 逐张核对 {found.compared:,} 张, 丢失 "
            f"{found.acknowledged_lost} 张 (其中 {found.lost_late} 张在最后一秒); 全部的根{root}。",
            f"{found.acknowledged:,} were acknowledged; {found.compared:,} were asked for again: "
            f"{found.acknowledged_lost} are lost, {found.lost_late} of them from the last second; "
            f"the root of all is {root}.",
        )
    )
    say(
        t(
            f"{megabytes(found.cell_bytes)}: 恢复 {found.restore_s} 秒, 启动 {found.start_s} 秒。",
            f"{megabytes(found.cell_bytes)} took {found.restore_s} s to restore and prove, "
            f"{found.start_s} s to start.",
        )
    )
