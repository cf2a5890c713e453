"""``kaipiao receipt``: fetch the proof of an invoice."""

from pathlib import Path

import click

from kaipiao.cli.language import t
from kaipiao.cli.reach import cell, cell_options
from kaipiao.cli.terminal import say, warn


@click.command(
    "receipt",
    help=t(
        """取回发票的存证回执 (C2SP tlog-proof 文本), 交给购方即可离线查验。

        \b
        例:  kaipiao receipt 26311000000000000001 > my.receipt
             kaipiao receipt 26311000000000000001 -o my.receipt
        """,
        """Fetch the proof of an invoice (C2SP tlog-proof text), which anyone can verify offline.

        \b
        Examples:  kaipiao receipt 26311000000000000001 > my.receipt
                   kaipiao receipt 26311000000000000001 -o my.receipt
        """,
    ),
)
@click.argument("number")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=t("写入文件", "Write it to this file."),
)
@cell_options
def command(number: str, output: Path | None, url: str | None, key_file: Path | None) -> None:
    with cell(url, key_file) as client:
        text = client.receipt(number)
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8")
    say(t(f"已写入 {output}", f"Wrote {output}"))
    warn(t(f"查验: kaipiao verify {output}", f"To verify it: kaipiao verify {output}"))
