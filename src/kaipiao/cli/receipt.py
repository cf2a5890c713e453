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

        等级: E1 已进入签名检查点, E2 已由见证方联署, E3 又加盖时间戳。以后再取可能更高。

        \b
        例:  kaipiao receipt 26311000000000000001 > my.receipt
             kaipiao receipt 26311000000000000001 -o my.receipt
        """,
        """Fetch the proof of an invoice (C2SP tlog-proof text), which anyone can verify offline.

        Grades: E1 in a signed checkpoint, E2 cosigned by witnesses, E3 time-stamped, too.  Asked
        for again later, it may be worth more.

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
        receipt = client.graded_receipt(number)
    if output is None:
        click.echo(receipt.text, nl=False)
        warn(_grade(receipt.grade))
        return
    output.write_text(receipt.text, encoding="utf-8")
    say(t(f"已写入 {output}", f"Wrote {output}"))
    say(_grade(receipt.grade))
    warn(t(f"查验: kaipiao verify {output}", f"To verify it: kaipiao verify {output}"))


def _grade(code: str) -> str:
    """In words; an older cell says none."""
    from kaipiao.evidence.grade import Grade

    try:
        grade = Grade(code)
    except ValueError:
        return t("等级: 未说明", "Grade: not told")
    later = t("以后再取可能更高", "ask again later for a better one")
    hint = "" if grade is Grade.E3 else f" ({later})"
    return t(f"等级 {grade}: {grade.zh}{hint}", f"Grade {grade}: {grade.en}{hint}")
