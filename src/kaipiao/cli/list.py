"""``kaipiao list``: a seller's invoices."""

from datetime import datetime
from itertools import islice
from pathlib import Path

import click

from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, say_json, say_table
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.month import BEIJING

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(
    "list",
    help=t(
        """列出一个销方的发票, 按存证日志的顺序。

        \b
        例:  kaipiao list 91310000MA1FL00000
             kaipiao list 91310000MA1FL00000 --since 2026-11-01 --json > 十一月.ndjson
        """,
        """List a SELLER's invoices, in the order of the evidence log.

        \b
        Examples:  kaipiao list 91310000MA1FL00000
                   kaipiao list 91310000MA1FL00000 --since 2026-11-01 --json > november.ndjson
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
@click.option("--json", "as_json", is_flag=True, help=t("每张一行 JSON", "One JSON object a line."))
@cell_options
def command(
    seller: str,
    since: datetime | None,
    until: datetime | None,
    after: int,
    limit: int,
    as_json: bool,
    url: str | None,
    key_file: Path | None,
) -> None:
    with cell(url, key_file) as client:
        found = client.invoices(
            seller,
            since=since.date() if since else None,
            until=until.date() if until else None,
            after=after,
        )
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
