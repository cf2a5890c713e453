"""``kaipiao issue``: issue what is in a file, safely to be run again."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from kaipiao.cli import exits
from kaipiao.cli.drafts import open_input, read_items
from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.results import open_results, problem_of
from kaipiao.cli.returned import given_back, places_for_results
from kaipiao.cli.terminal import Progress, say, say_json, warn
from kaipiao.client.answers import BatchResult
from kaipiao.client.batch import Sale
from kaipiao.client.client import Client
from kaipiao.client.retry import PATIENT
from kaipiao.fiscal.draft import Draft
from kaipiao.gateway.draft_lines import Item

SHOWN_REFUSALS = 20
"""More than this nobody reads on a terminal; all of them are in the results file."""


@click.command(
    "issue",
    help=t(
        """开具 FILE (或 - 表示标准输入) 中的全部发票。

        FILE 为 JSON (一张或数组)、NDJSON (每行一张)、XLSX 或 CSV (kaipiao template)。每张发票有一个
        编号: 信封 {"key":..., "draft":{...}} 中的 key, 表格中的流水号, 否则取自内容。因此同一文件
        可以反复运行: 中断、断电、超时之后再运行一次, 已开具的不会重复开具。

        结果逐张写入 FILE.results.ndjson。表格另写一份带“结果”列的原表: FILE 名加 .结果;
        --results 可改名, 与原表同为 .xlsx 或 .csv 时即为该原表, 否则为结果清单。

        \b
        例:  kaipiao issue sales.ndjson
             kaipiao issue 十一月.xlsx --results 结果.xlsx
             cat sales.ndjson | kaipiao issue - --json > results.ndjson

        退出码: 0 全部开具 (含此前已开具), 1 有被拒绝的, 2 文件无法读取, 3 有结果未知的 (请再运行)。
        """,
        """Issue every invoice in FILE (or - for standard input).

        FILE is JSON (one draft or an array), NDJSON (one a line), XLSX or CSV (kaipiao
        template).  Every invoice has a key: the one in its envelope {"key":..., "draft":{...}},
        the one in the sheet, or else one made from its content.  So the same file may be run
        again and again: after a kill, a power cut or a lost answer, run it once more; what was
        issued is not issued twice.

        Results are written to FILE.results.ndjson as they become known.  A sheet is also given
        back with a column for its results, as FILE with .结果 before its ending; --results names
        another file: the sheet itself if both are .xlsx or both .csv, else a plain list.

        \b
        Examples:  kaipiao issue sales.ndjson
                   kaipiao issue november.xlsx --results results.xlsx
                   cat sales.ndjson | kaipiao issue - --json > results.ndjson

        Exits 0 if all are issued (or were before), 1 if any was refused, 2 if the file cannot
        be read, 3 if any outcome is unknown (run it again).
        """,
    ),
)
@click.argument("file")
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("结果文件: .ndjson .csv .xlsx", "Results file: .ndjson, .csv or .xlsx."),
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help=t("结果输出到标准输出, 每张一行", "Results to standard output, one a line."),
)
@cell_options
@click.pass_context
def command(
    context: click.Context,
    file: str,
    results: Path | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    counted: Counter[str] = Counter()
    with cell(url, key_file) as client:
        client.status()  # a cell that is not there should be told of at once, not after all tries
    with open_input(file) as source, cell(url, key_file, budget=PATIENT) as client:
        items = read_items(source)
        listed, returned = places_for_results(file, results, is_sheet=items.sheet is not None)
        with given_back(items.sheet, returned) as sheet:
            for result in _kept(map(sheet.note, issue_items(client, items)), listed, items.total):
                counted[result.outcome] += 1
                if as_json:
                    say_json(result)
                elif result.outcome == "refused" and counted["refused"] <= SHOWN_REFUSALS:
                    warn(f"✗ {result.line}: {result.key}  {problem_of(result)}")
    if not as_json:
        _conclude(counted, returned or listed)
    context.exit(_exit_code(counted))


def issue_items(client: Client, items: Iterable[Item]) -> Iterator[BatchResult]:
    """A result for each item, in order; what is no draft is refused without asking anyone."""
    spoilt: deque[tuple[int, BatchResult]] = deque()

    def sales() -> Iterator[Sale]:
        for item in items:
            if isinstance(item.read, Draft):
                yield Sale(item.line, item.key, item.read)
            else:
                spoilt.append((item.line, _spoilt(item)))

    for result in client.batch(sales()):
        while spoilt and spoilt[0][0] < result.line:
            yield spoilt.popleft()[1]
        yield result
    yield from (result for _, result in spoilt)


def _spoilt(item: Item) -> BatchResult:
    assert not isinstance(item.read, Draft)
    return BatchResult(
        line=item.line,
        key=item.key,
        outcome="refused",
        code="malformed",
        zh="无法读取。",
        en="It cannot be read.",
        violations=tuple(item.read),
    )


def _kept(
    found: Iterator[BatchResult], path: Path | None, total: int | None
) -> Iterator[BatchResult]:
    """Pass results on, each one written down first."""
    with Progress(t("开票", "issuing"), total) as progress:
        if path is None:
            for result in found:
                progress.advance()
                yield result
            return
        with open_results(path) as results:
            for result in found:
                results.add(result)
                progress.advance()
                yield result


def _conclude(counted: Counter[str], results: Path | None) -> None:
    say(
        t(
            f"开具 {counted['issued']} 张, 此前已开具 {counted['replayed']} 张, "
            f"被拒绝 {counted['refused']} 张, 结果未知 {counted['unknown']} 张。",
            f"{counted['issued']} issued, {counted['replayed']} issued before, "
            f"{counted['refused']} refused, {counted['unknown']} unknown.",
        )
    )
    if counted["refused"] > SHOWN_REFUSALS:
        more = counted["refused"] - SHOWN_REFUSALS
        warn(t(f"另有 {more} 张被拒绝, 见结果文件。", f"{more} more refusals are in the results."))
    if results is not None:
        say(t(f"结果: {results}", f"Results: {results}"))
    if counted["unknown"]:
        warn(t("请再次运行同一命令。", "Run the same command again."))


def _exit_code(counted: Counter[str]) -> int:
    if counted["unknown"]:
        return exits.OUTAGE
    if not counted:
        warn(t("文件中没有发票。", "There is no invoice in it."))
        return exits.USAGE
    return exits.NO if counted["refused"] else exits.OK
