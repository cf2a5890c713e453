"""``kaipiao drill``: break a cell on purpose, under load, and judge every word it said."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from kaipiao.base.durable import write_whole
from kaipiao.cli import exits
from kaipiao.cli.language import language, t
from kaipiao.cli.terminal import say, say_table, warn
from kaipiao.continuity.drill.experiment import BY_NAME, EXPERIMENTS, Experiment
from kaipiao.continuity.drill.journal import Journal, render
from kaipiao.continuity.drill.page import render_page

if TYPE_CHECKING:
    from kaipiao.app.drill_shelf import SeriesShelf

SHOWN = 20
READABLE = 0o644
ALL = "all"
WHERE = {"members": "--lab", "cell": "", "both": "[--lab]"}


@click.command(
    "drill",
    help=t(
        """演练: 在负载下故意弄坏一个单元, 再逐条核对它说过的每一句话。

        先确认稳态, 否则什么也不做; 然后一批调用方开票、重发、冲红、用尽额度, 用同一幂等键一直问到
        有答案; 期间按演练的步骤弄坏; 无论如何都复原 (Ctrl-C 也是), 再确认稳态。最后用数据库、
        已公布的存证日志核对每一张已确认的回执: 丢失、重复、缺号、超额、日志根是否延续。

        不加 --lab 时, 在本机临时目录中启动一个普通单元, 完成后删除; 不会碰到别的单元。
        加 --lab 时, 在网络命名空间中启动三个成员 (需要 root); NAME 为 all: 逐个进行全部演练。
        每做完一个就写入结果。某个演练不成立时, 后面的在新的实验环境中继续; 加 --keep 则停下,
        原样保留实验环境和日志, 并说明在哪里、如何删除。

        \b
        例:  kaipiao drill --list
             kaipiao drill kill-postgres --json f.json --page f.html
             sudo kaipiao drill kill-node --lab --times 3 --json f.json
             sudo kaipiao drill all --lab --times 5 --into docs/drills

        退出码: 0 所有承诺均成立, 1 有不成立的 (逐条列出), 2 此处无法演练, 什么也没有弄坏。
        """,
        """Break a cell on purpose, under load, and judge every word it said.

        Only a steady cell is broken.  Callers issue, repeat, reverse and use up credit lines
        meanwhile, and ask with the same key until they are answered.  Whatever happens,
        Ctrl-C too, what was broken is put back.  Then every acknowledged receipt is looked for
        in the database and in the published log: lost, twice, gaps, overdrawn, does the
        root extend.

        Without --lab an ordinary cell is started in a scratch folder and removed afterwards; no
        other cell is touched.  With --lab it is three members in network namespaces (needs
        root); NAME all does every drill of three members, one after the other.  Results are written
        after each.  After one that did not hold the next begins in a fresh lab; with --keep it
        stops there, leaves the lab and its logs as they are, and says where, and how to take it
        down.

        \b
        Examples:  kaipiao drill --list
                   kaipiao drill kill-postgres --json f.json --page f.html
                   sudo kaipiao drill kill-node --lab --times 3 --json f.json
                   sudo kaipiao drill all --lab --times 5 --into docs/drills

        Exits 0 if every promise held, 1 if one did not (each is listed), 2 if it cannot be done
        here; then nothing was broken.
        """,
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listed", is_flag=True, help=t("列出全部演练", "List the drills."))
@click.option("--lab", "in_lab", is_flag=True, help=t("三个成员", "On three members in a lab."))
@click.option(
    "--times", type=click.IntRange(1, 100), default=1, metavar="N",
    help=t("每个演练做几次", "How often each is done; the journals are a list then."),
)  # fmt: skip
@click.option("--seed", type=int, help=t("调用方的种子", "Seed of what the callers choose."))
@click.option(
    "--json", "journal_file", type=click.Path(path_type=Path, dir_okay=False), metavar="F",
    help=t("结果写入该文件 (JSON)", "Write the journal there."),
)  # fmt: skip
@click.option(
    "--page", "page_file", type=click.Path(path_type=Path, dir_okay=False), metavar="F",
    help=t("附时间线图的网页写入该文件", "Write a page with a timeline there."),
)  # fmt: skip
@click.option(
    "--into", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help=t("结果存入该目录并更新汇总", "Keep the series there, and renew the report of all."),
)  # fmt: skip
@click.option(
    "--keep", is_flag=True,
    help=t("不成立时原样保留实验环境和日志", "Leave the lab and its logs when one did not hold."),
)  # fmt: skip
@click.option(
    "--dcs", type=click.Choice(["raft", "etcd"]), default="raft",
    help=t("加 --lab 时, 由谁记住主节点 (etcd 须在 PATH 中)",
           "With --lab, who remembers who leads (etcd must be on the PATH)."),
)  # fmt: skip
@click.option("--scratch", metavar="DIR", help=t("临时目录所在", "Where the scratch folder lies."))
def command(
    names: tuple[str, ...],
    listed: bool,
    in_lab: bool,
    times: int,
    seed: int | None,
    journal_file: Path | None,
    page_file: Path | None,
    folder: Path | None,
    scratch: str | None,
    keep: bool,
    dcs: str,
) -> None:
    if listed or not names:
        _list()
        return
    from kaipiao.app.drill_shelf import SeriesShelf

    chosen = [one for name in names for one in _chosen(name, in_lab=in_lab)] * times
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    first = secrets.randbelow(1 << 31) if seed is None else seed
    shelf = SeriesShelf(folder) if folder else None
    written = Written(journal_file, page_file, shelf, is_list=len(chosen) > 1)
    lab_dcs = dcs if in_lab else None
    drills = _drills(chosen, first, scratch, lab_dcs=lab_dcs, keep=keep)
    journals = asyncio.run(_perform(drills, written))
    _tell_missing(len(chosen) - len(journals))
    if len(journals) < len(chosen) or not all(journal.held for journal in journals):
        raise click.exceptions.Exit(exits.NO)


def _list() -> None:
    say_table(
        [
            (one.name, WHERE[one.on], t(one.zh, one.en), f"≤ {one.limit_s:g} s")
            for one in EXPERIMENTS
        ]
    )


def _chosen(name: str, *, in_lab: bool) -> list[Experiment]:
    if name == ALL:
        return [one for one in EXPERIMENTS if one.on != ("cell" if in_lab else "members")]
    if name not in BY_NAME:
        known = ", ".join((*BY_NAME, ALL))
        text = t(f"没有演练 {name}。可用: {known}", f"No drill {name}. Known: {known}")
        raise click.UsageError(text)
    return [BY_NAME[name]]


class Written(NamedTuple):
    """The files that were asked for; written again after each drill, so an error loses nothing."""

    journals: Path | None
    page: Path | None
    shelf: "SeriesShelf | None"
    is_list: bool

    def write(self, journals: list[Journal]) -> None:
        if self.journals:
            told = render(journals if self.is_list else journals[0])
            write_whole(self.journals, told, mode=READABLE)
        if self.page:
            write_whole(self.page, render_page(journals, language()), mode=READABLE)
        if self.shelf:
            self.shelf.put(journals)


async def _perform(drills: AsyncIterator[Journal], written: Written) -> list[Journal]:
    """Each is told and written as soon as it is judged."""
    from kaipiao.continuity.drill.stage import StageRefused

    journals: list[Journal] = []
    try:
        async for journal in drills:
            journals.append(journal)
            written.write(journals)
            _tell(journal)
    except StageRefused as refused:
        if not journals:
            raise click.UsageError(t(refused.zh, refused.en)) from None
        warn(t(refused.zh, refused.en))
    return journals


def _drills(
    chosen: list[Experiment], seed: int, scratch: str | None, *, lab_dcs: str | None, keep: bool
) -> AsyncIterator[Journal]:
    """``lab_dcs``: who remembers who leads in the lab; None: it is one cell, and no lab."""
    if lab_dcs is not None:
        from kaipiao.app.drill_lab import drill_in_a_lab

        return drill_in_a_lab(
            chosen, seed=seed, scratch=scratch, keep=keep, say=_progress, dcs=lab_dcs
        )
    from kaipiao.app.drill import drill_a_cell

    return drill_a_cell(chosen, seed=seed, scratch=scratch, keep=keep, say=_progress)


def _progress(zh: str, en: str) -> None:
    warn(t(zh, en))


def _tell_missing(missing: int) -> None:
    if missing:
        warn(t(f"还有 {missing} 个演练没有做", f"{missing} more drills were not done"))


def _tell(journal: Journal) -> None:
    for finding in journal.findings[:SHOWN]:
        warn(f"  {t('不成立', 'BROKEN')}  {finding}")
    back = "–" if journal.recovery_s is None else f"{journal.recovery_s:.2f} s"
    say(
        t(
            f"{journal.drill}: {back} 后恢复开票 (最长静默 {journal.longest_silence_s:.2f} s, "
            f"上限 {journal.limit_s:g} s); 已确认 {journal.acknowledged}, "
            f"丢失 {journal.acknowledged_lost}, 重复 {journal.duplicates}, 缺号 {journal.gaps}",
            f"{journal.drill}: writes back after {back} (longest silence "
            f"{journal.longest_silence_s:.2f} s, limit {journal.limit_s:g} s); "
            f"{journal.acknowledged} acknowledged, {journal.acknowledged_lost} lost, "
            f"{journal.duplicates} twice, {journal.gaps} gaps",
        )
    )
