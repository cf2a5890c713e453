"""``kaipiao template``: an empty sheet to fill in."""

from pathlib import Path

import click

from kaipiao.cli.language import t
from kaipiao.cli.terminal import say


@click.command(
    "template",
    help=t(
        """把空白开票表格写入 FILE (.xlsx 或 .csv), 填好后用 kaipiao issue FILE 开票。

        \b
        例:  kaipiao template 十一月.xlsx
             kaipiao template 十一月.csv
        """,
        """Write an empty sheet to FILE (.xlsx or .csv); fill it in and type: kaipiao issue FILE

        \b
        Examples:  kaipiao template november.xlsx
                   kaipiao template november.csv
        """,
    ),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help=t("覆盖已有文件", "Replace a file that is there."))
def command(file: Path, force: bool) -> None:
    from kaipiao.delivery.sheets.template import write_table_template, write_template

    if file.exists() and not force:
        raise click.UsageError(
            t(f"{file} 已存在。要覆盖请加 --force", f"{file} exists. To replace it: --force")
        )
    write = write_table_template if file.suffix.lower() == ".csv" else write_template
    write(file)
    say(
        t(
            f"已写入 {file}。填好后输入: kaipiao check {file} 然后 kaipiao issue {file}",
            f"Wrote {file}. Fill it in, then: kaipiao check {file}; kaipiao issue {file}",
        )
    )
