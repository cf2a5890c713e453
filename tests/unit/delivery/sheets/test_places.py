"""What the law objects to is told at the cell that it came from."""

import pytest

from kaipiao.delivery.sheets.file import SheetFile
from kaipiao.delivery.sheets.layout import BASIC, DETAIL
from kaipiao.fiscal.violation import Violation
from tests.sheets_made import as_csv, as_workbook, line, sale

TABLES = {
    BASIC: [sale("a"), sale("b")],
    DETAIL: [line("a"), line("b", 折扣金额=10.0), line("b", 税率=0.06)],
}


def located(path: str, data: bytes) -> Violation:
    file = SheetFile(data)
    *_, last = file.sales()
    (told,) = file.locate(last, [Violation(code="c", path=path, zh="错。", en="Wrong.")])
    return told


@pytest.mark.parametrize(
    ("path", "place", "row"),
    [
        ("", f"{BASIC}!A3 发票流水号", "3/发票流水号"),
        ("/buyer/taxpayer_id", f"{BASIC}!E3 购买方纳税人识别号", "3/购买方纳税人识别号"),
        ("/lines", f"{BASIC}!A3 发票流水号", "3/发票流水号"),
        ("/lines/0/net_fen", f"{DETAIL}!D3 金额", "3/金额"),
        ("/lines/1/net_fen", f"{DETAIL}!F3 折扣金额", "3/折扣金额"),
        ("/lines/2/rate_bp", f"{DETAIL}!E4 税率", "4/税率"),
        ("/lines/9/rate_bp", f"{BASIC}!A3 发票流水号", "3/发票流水号"),
        ("/payee", f"{BASIC}!3 收款人", "3/收款人"),
    ],
)
def test_a_path_into_the_draft_is_a_cell(path: str, place: str, row: str) -> None:
    told = located(path, as_workbook(TABLES))

    assert told.zh == f"{place}: 错。"
    assert told.en == f"{place}: Wrong."
    assert told.path.endswith(f"/{row}")


def test_in_one_table_a_line_is_its_own_row() -> None:
    rows = [sale("a") | line("a"), sale("b") | line("b"), {"发票流水号": "b"} | line("b")]

    assert located("/lines/1/unit_price", as_csv(rows)).zh.startswith("CSV!4 单价")
    assert located("/buyer/name", as_csv(rows)).zh.startswith("CSV!D3 购买方名称")
