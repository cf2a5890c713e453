"""Sheets that we write: the template to fill in, and the results of a batch."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from kaipiao.delivery.sheets.layout import (
    BASIC,
    BASIC_COLUMNS,
    DETAIL,
    DETAIL_COLUMNS,
    ELEMENT,
    ELEMENT_COLUMNS,
    Column,
)
from kaipiao.delivery.sheets.table import harmless
from kaipiao.fiscal.draft import Party
from kaipiao.fiscal.sample import company

if TYPE_CHECKING:  # loading it takes longer than most commands
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

NOTES = """填写说明 / How to fill this in
1. 每张发票在“1-发票基本信息”填一行, 其明细在“2-发票明细信息”填一行或多行, 以发票流水号关联。
2. 发票流水号由您自定且不得重复; 中断后重新提交同一文件, 已开具的发票不会重复开具。
3. 是否含税: 单价、金额、折扣金额是否含税。金额至多两位小数, 不会代为四舍五入。
4. 号码 (识别号、账号、税收编码) 请保持文本格式; 请勿使用公式。
5. 第4行为示例, 请改为您的业务。
6. 建筑服务、货物运输、不动产、旅客运输等特定业务, 另在“3-特定业务信息”填写, 以发票流水号关联。
One row an invoice in sheet 1, its lines in sheet 2, joined by 发票流水号, a key of your own:
sending the file again never issues twice. Amounts have at most two decimals. Keep ids as
text. No formulas. Replace row 4. Some trades (特定业务类型) need rows in sheet 3."""

SELLER, BUYER, ISSUER = company(1, "信息技术"), company(2, "商贸"), "李示例"


class Result(NamedTuple):
    """What became of one invoice of a batch; ``issued_at`` as text, ``problem`` empty if none."""

    key: str
    number: str
    issued_at: str
    status: str
    problem: str


def write_template(path: Path, seller: Party = SELLER) -> None:
    """An XLSX with both sheets, notes, headings and one invented invoice, all cells text."""
    import xlsxwriter

    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        notes = book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"})
        heading = book.add_format({"bold": True, "border": 1, "bg_color": "#DDEBF7"})
        text = book.add_format({"num_format": "@"})
        for name, columns in (
            (BASIC, BASIC_COLUMNS),
            (DETAIL, DETAIL_COLUMNS),
            (ELEMENT, ELEMENT_COLUMNS),
        ):
            sheet = book.add_worksheet(name)
            sheet.set_column(0, len(columns) - 1, 22, text)
            _write_top(sheet, columns, notes, heading)
            sheet.freeze_panes(3, 1)
            for index, example in enumerate(_examples(columns, seller)):
                sheet.write_string(3, index, example, text)


def write_table_template(path: Path, seller: Party = SELLER) -> None:
    """The same as one table, a CSV: headings and the invented invoice."""
    columns = (*BASIC_COLUMNS, *DETAIL_COLUMNS[1:], *ELEMENT_COLUMNS[1:])
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([column.heading for column in columns])
        rows.writerow(_examples(columns, seller))


def _examples(columns: Sequence[Column], seller: Party) -> list[str]:
    return [column.example.format(seller=seller, buyer=BUYER, issuer=ISSUER) for column in columns]


class ResultsWriter:
    """Results as CSV, a line for each invoice as it becomes known.

    Open ``file`` with ``encoding="utf-8-sig", newline=""``, and Excel opens it as it is.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._rows = csv.writer(file)
        self._rows.writerow(["发票流水号", "发票号码", "开票时间", "状态", "问题"])

    def add(self, result: Result) -> None:
        """Write one line through to the file, so that a kill loses nothing already known."""
        self._rows.writerow([harmless(value) for value in result])
        self._file.flush()


def write_results(path: Path, results: Iterable[Result]) -> None:
    """All results at once, as CSV that Excel opens as it is."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = ResultsWriter(file)
        for result in results:
            writer.add(result)


def _write_top(
    sheet: "Worksheet", columns: Sequence[Column], notes: "Format", heading: "Format"
) -> None:
    """Row 1 the notes, merged; row 2 what each column wants; row 3 the headings."""
    sheet.merge_range(0, 0, 0, len(columns) - 1, NOTES, notes)
    sheet.set_row(0, 150)
    sheet.set_row(1, 32)
    for index, column in enumerate(columns):
        sheet.write_string(1, index, column.note, notes)
        sheet.write_string(2, index, column.heading, heading)
