"""``kaipiao archive``: old invoices leave the database, and are still found by everyone."""

import asyncio
import os
from typing import TYPE_CHECKING

import click

from kaipiao.cli import exits
from kaipiao.cli.language import t
from kaipiao.cli.terminal import say, say_json, warn
from kaipiao.fiscal.month import TaxMonth, format_month, parse_month, tax_month

if TYPE_CHECKING:
    from kaipiao.app.settings import Settings
    from kaipiao.ledger.archive.archiver import Step

_WHY = {
    "open": ("仍有号码未开完", "numbers of it are still to be assigned"),
    "young": ("含该月或更晚的发票", "holds invoices of that month or later, or of the last day"),
    "unordered": ("部分发票尚未排入存证日志", "some invoices have no place in the log yet"),
    "unpublished": ("检查点尚未覆盖", "no checkpoint covers all of it yet"),
    "empty": ("没有发票", "holds no invoice"),
}
_WHAT = {
    "stays": ("保留", "stays"),
    "may go": ("可归档", "may go"),
    "written": ("文件已落盘", "written"),
    "proved": ("已读回, 逐张与存证日志核对无误", "read back, every leaf is the one in the log"),
    "noted": ("已登记, 查询从此可用文件", "noted: readers find the file"),
    "finishing": ("上次未完成, 继续", "begun by an earlier run"),
    "detached": ("已从数据库分离", "detached"),
    "dropped": ("已从数据库删除", "dropped"),
}


@click.command(
    "archive",
    help=t(
        """归档: 把旧发票从数据库移到数据目录的 archive/ 文件中。

        只移走不会再变的分区: 其中每张发票都早于该月, 已排入存证日志并被检查点覆盖。文件写入、落盘、
        读回, 逐张重算叶子并与已公布的日志核对无误之后, 才从数据库删除。开票不停顿;
        查询、重发、冲红、回执与归档前完全一样。中断后再次运行会接着做。

        请以单元的用户在本机运行, 并像备份数据库一样备份 archive/。集群中它须是全体成员共用的存储;
        同一时刻只有一个归档在进行, 中断的可由任一成员接着做。

        \b
        例:  kaipiao archive --before 2026-11 --dry-run
             kaipiao archive --before 2026-11
             kaipiao archive --check

        退出码: 0 能归档的都已归档, 1 有文件或发票与日志不符 (什么也没有删除), 3 单元没有应答。
        """,
        """Move old invoices out of the database into files in the cell's archive/ folder.

        Only partitions that will never change again: every invoice in them is older than that
        month, has its place in the log, and is covered by a checkpoint.  A file is written,
        forced to the disk, read back, and every leaf made again from it must be the one in the
        published log; only then is the partition dropped.  Issuing does not pause; look-ups,
        repeats, reversals and receipts are as before.  After an interruption, run it again.

        Run it on the cell's machine, as the cell's user, and back archive/ up as you do the
        database.  In a cluster archive/ must be storage that all members share; one run works at a
        time, and one that broke off is carried on from any member.

        \b
        Examples:  kaipiao archive --before 2026-11 --dry-run
                   kaipiao archive --before 2026-11
                   kaipiao archive --check

        Exits 0 if all that may go is gone, 1 if a file or an invoice is not as the log says
        (nothing was dropped), 3 if the cell did not answer.
        """,
    ),
)
@click.option(
    "--before",
    metavar="YYYY-MM",
    help=t("归档早于该月的发票 (北京时间)", "Archive what is older than this month (Beijing)."),
)
@click.option("--dry-run", is_flag=True, help=t("只列出, 不归档", "Only say what would go."))
@click.option(
    "--check",
    is_flag=True,
    help=t("重新读取并核对全部归档文件", "Read and prove every file of the archive again."),
)
@click.option("--data", metavar="DIR", help=t("数据目录", "The cell's data folder."))
@click.option("--json", "as_json", is_flag=True, help=t("每步一行 JSON", "One JSON object a step."))
@click.pass_context
def command(
    context: click.Context,
    before: str | None,
    dry_run: bool,
    check: bool,
    data: str | None,
    as_json: bool,
) -> None:
    from kaipiao.app.archive import NotAlone, NotTheCellsUser
    from kaipiao.app.settings import load_settings
    from kaipiao.evidence.reader import TilesDamaged
    from kaipiao.ledger.archive.archiver import ArchiverBusy
    from kaipiao.ledger.archive.file import ArchiveDamaged
    from kaipiao.ledger.archive.proof import LogDiffers

    settings = load_settings({"data": data}, os.environ)
    month = None if check else _month(before)
    try:
        asyncio.run(_run(settings, month, dry_run, as_json))
    except (ArchiveDamaged, LogDiffers, TilesDamaged) as error:
        warn(t(f"没有删除任何内容。{error}", f"Nothing was dropped. {error}"))
        context.exit(exits.NO)
    except ArchiverBusy:
        raise click.UsageError(
            t("另一个归档正在进行", "another archive run is at work on this database")
        ) from None
    except NotAlone as refused:
        raise click.UsageError(t(refused.zh, refused.en)) from None
    except NotTheCellsUser:
        raise click.UsageError(
            t(
                f"请以 {settings.data} 的所有者运行, 否则单元无法读取归档文件",
                f"run it as the owner of {settings.data}, or the cell could not read the files",
            )
        ) from None


async def _run(settings: "Settings", before: TaxMonth | None, dry_run: bool, as_json: bool) -> None:
    from kaipiao.app.archive import open_cell_archiver
    from kaipiao.app.clock import SystemClock

    what = "" if before is None or dry_run else format_month(before)
    async with open_cell_archiver(settings, SystemClock(), what=what) as archiver:
        steps = archiver.check() if before is None else archiver.run(before, dry=dry_run)
        async for step in steps:
            if as_json:
                say_json(step)
            else:
                _show(step)


def _month(text: str | None) -> TaxMonth:
    if text is None:
        raise click.UsageError(t("请给出 --before 年-月", "give --before YYYY-MM"))
    try:
        month = parse_month(text)
    except ValueError:
        raise click.UsageError(
            t(f"月份写作 2026-11, 而非 {text}", f"A month is written 2026-11, not {text}")
        ) from None
    from kaipiao.app.clock import SystemClock

    this_month = tax_month(SystemClock().now())
    if month > this_month:
        latest = format_month(this_month)
        raise click.UsageError(
            t(f"最晚可给出本月 {latest}", f"the latest month that can be given is {latest}")
        )
    return month


def _show(step: "Step") -> None:
    size = f"  {step.bytes / 1e6:,.1f} MB" if step.bytes else ""
    count = t(f"  {step.invoices:,} 张", f"  {step.invoices:,} invoices") if step.invoices else ""
    why = ": " + t(*_WHY[step.why]) if step.why else ""
    say(f"{step.part}  {t(*_WHAT[step.what])}{why}{count}{size}")
