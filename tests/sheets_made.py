"""Sheets that tests upload: rows by heading, as a workbook or as one table."""

import csv
import io
from collections.abc import Mapping, Sequence

import xlsxwriter

from kaipiao.delivery.sheets.layout import BASIC, DETAIL
from tests.strategies import BUYER, SELLER

Row = Mapping[str, object]


def sale(key: str, **changes: object) -> dict[str, object]:
    return {
        "发票流水号": key,
        "发票类型": "普通发票",
        "是否含税": "否",
        "购买方名称": BUYER.name,
        "购买方纳税人识别号": BUYER.taxpayer_id,
        "开票人": "李示例",
        "销售方名称": SELLER.name,
        "销售方纳税人识别号": SELLER.taxpayer_id,
    } | changes


def line(key: str, **changes: object) -> dict[str, object]:
    return {
        "发票流水号": key,
        "项目名称": "*文具*文件盒",
        "商品和服务税收编码": "1060401010000000000",
        "金额": 100.0,
        "税率": 0.13,
    } | changes


def as_workbook(tables: Mapping[str, Sequence[Row]]) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            headings = list(dict.fromkeys(heading for row in rows for heading in row))
            for column, heading in enumerate(headings):
                sheet.write_string(0, column, heading)
                for number, row in enumerate(rows, 1):
                    if row.get(heading) is not None:
                        sheet.write(number, column, row[heading])
    return file.getvalue()


def as_sheet(count: int, prefix: str = "sale") -> bytes:
    """A workbook of so many lawful sales."""
    keys = [f"{prefix}-{n}" for n in range(1, count + 1)]
    return as_workbook({BASIC: [sale(key) for key in keys], DETAIL: [line(key) for key in keys]})


def as_csv(rows: Sequence[Row], *, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    headings = list(dict.fromkeys(heading for row in rows for heading in row))
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, headings, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode(encoding)
