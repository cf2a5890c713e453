"""``kaipiao list``: a seller's invoices."""

import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import click

from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import Progress, say, say_json, say_table
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import BEIJING

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(
    "list",
    help=t(
        """列出一个销方的发票, 按存证日志的顺序; --as 导出全部为一个文件, 多少张都可以。

        \b
        例:  kaipiao list 91310000MA1FL00000
             kaipiao list 91310000MA1FL00000 --since 2026-11-01 --json > 十一月.ndjson
             kaipiao list 91310000MA1FL00000 --since 2026-11-01 --as xlsx -o 十一月.xlsx
        """,
        """List a SELLER's invoices, in the order of the evidence log.

        With --as, all of them as one file, however many there are.

        \b
        Examples:  kaipiao list 91310000MA1FL00000
                   kaipiao list 91310000MA1FL00000 --since 2026-11-01 --json > november.ndjson
                   kaipiao list 91310000MA1FL00000 --since 2026-11-01 --as xlsx -o november.xlsx
        """,
    ),
)
@click.argument("seller")
@click.option(
    "--since", type=_DAY, metavar="YYYY-MM-DD", help=t("自该日 (含)", "From this day on.")
)
@click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help=t("至该日 (含)", "To this day."))
@click.option(
    "--after",
    type=int,
    default=0,
    metavar="N",
    help=t("从该存证序号起", "Go on from this log index."),
)
@click.option(
    "--limit",
    type=int,
    default=100,
    metavar="N",
    help=t(
        "最多几张, 默认 100; --json 不限", "How many at most. Default: 100; no limit with --json."
    ),
)
@click.option(
    "--as",
    "form",
    type=click.Choice(["xlsx", "csv", "ndjson"]),
    help=t("导出为文件", "Export as a file of this kind."),
)
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("导出到 FILE; 不填则输出到标准输出", "Where to; without it, to standard output."),
)
@click.option("--json", "as_json", is_flag=True, help=t("每张一行 JSON", "One JSON object a line."))
@cell_options
def command(
    seller: str,
    since: datetime | None,
    until: datetime | None,
    after: int,
    limit: int,
    form: str | None,
    output: Path | None,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    first, last = since.date() if since else None, until.date() if until else None
    with cell(url, key_file) as client:
        if form or output:
            form = form or form_of(output)
            save(client.export(seller, form=form, since=first, until=last), output)
            return
        found = client.invoices(seller, since=first, until=last, after=after)
        if as_json:
            for invoice in found:
                say_json(invoice)
            return
        rows = [
            (
                invoice.number,
                f"{invoice.issued_at.astimezone(BEIJING):%Y-%m-%d %H:%M}",
                invoice.draft.buyer.name,
                format_yuan(invoice.totals.gross_fen),
            )
            for invoice in islice(found, limit)
        ]
    if not rows:
        say(t("没有发票。", "No invoices."))
        return
    head = (
        t("号码", "number"),
        t("开票时间", "issued"),
        t("购方", "buyer"),
        t("价税合计", "total"),
    )
    say_table([head, *rows], right=(3,))


def form_of(output: Path | None) -> str:
    """What the name of a file asks for."""
    form = output.suffix[1:].lower() if output else ""
    if form not in ("xlsx", "csv", "ndjson"):
        raise click.UsageError(t("请用 --as 指明格式。", "Say with --as which kind of file."))
    return form


def save(pieces: Iterator[bytes], output: Path | None) -> None:
    """Write a file that is whole or not there; or pass everything to standard output."""
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return
    beside = output.with_name(f"{output.name}.part")
    size = 0
    try:
        with beside.open("wb") as file, Progress(t("导出 KiB", "exporting KiB"), None) as progress:
            for piece in pieces:
                size += file.write(piece)
                progress.advance(len(piece) // 1024)
        beside.rename(output)
    finally:
        beside.unlink(missing_ok=True)
    say(t(f"已写入 {output} ({size:,} 字节)。", f"Wrote {output} ({size:,} bytes)."))
