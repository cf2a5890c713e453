"""``kaipiao drill``: break a cell on purpose, under load, and judge every word it said."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import click

from kaipiao.cli import exits
from kaipiao.cli.language import language, t
from kaipiao.cli.terminal import say, say_table, warn
from kaipiao.continuity.drill.experiment import BY_NAME, EXPERIMENTS, Experiment
from kaipiao.continuity.drill.journal import Journal, render
from kaipiao.continuity.drill.page import render_page

SHOWN = 20
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

        \b
        例:  kaipiao drill --list
             kaipiao drill kill-postgres --json f.json --page f.html
             sudo kaipiao drill kill-node --lab --times 3 --json f.json

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
        root); NAME all does every drill of three members, one after the other.

        \b
        Examples:  kaipiao drill --list
                   kaipiao drill kill-postgres --json f.json --page f.html
                   sudo kaipiao drill kill-node --lab --times 3 --json f.json

        Exits 0 if every promise held, 1 if one did not (each is listed), 2 if it cannot be done
        here; then nothing was broken.
        """,
    ),
)
@click.argument("name", required=False, metavar="[NAME]")
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
@click.option("--scratch", metavar="DIR", help=t("临时目录所在", "Where the scratch folder lies."))
def command(
    name: str | None,
    listed: bool,
    in_lab: bool,
    times: int,
    seed: int | None,
    journal_file: Path | None,
    page_file: Path | None,
    scratch: str | None,
) -> None:
    if listed or name is None:
        _list()
        return
    chosen = _chosen(name, in_lab=in_lab) * times
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    first = secrets.randbelow(1 << 31) if seed is None else seed
    journals = asyncio.run(_perform(chosen, first, scratch, in_lab=in_lab))
    if journal_file:
        journal_file.write_bytes(render(journals[0] if len(chosen) == 1 else journals))
    if page_file:
        page_file.write_bytes(render_page(journals, language()))
    if not all(journal.held for journal in journals):
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


async def _perform(
    chosen: list[Experiment], seed: int, scratch: str | None, *, in_lab: bool
) -> list[Journal]:
    """Each is told as soon as it is judged."""
    from kaipiao.continuity.drill.stage import StageRefused

    journals: list[Journal] = []
    try:
        async for journal in _drills(chosen, seed, scratch, in_lab=in_lab):
            _tell(journal)
            journals.append(journal)
    except StageRefused as refused:
        raise click.UsageError(t(refused.zh, refused.en)) from None
    return journals


def _drills(
    chosen: list[Experiment], seed: int, scratch: str | None, *, in_lab: bool
) -> AsyncIterator[Journal]:
    if in_lab:
        from kaipiao.app.drill_lab import drill_in_a_lab

        return drill_in_a_lab(chosen, seed=seed, scratch=scratch, say=warn)
    from kaipiao.app.drill import drill_a_cell

    return drill_a_cell(chosen, seed=seed, scratch=scratch, say=warn)


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
