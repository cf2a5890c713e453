"""A sheet becomes drafts exactly, or every fault is told at its cell."""

import contextlib
import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.sheets.book import column_letters
from kaipiao.delivery.sheets.draft import Defaults
from kaipiao.delivery.sheets.layout import BASIC, BASIC_COLUMNS, DETAIL, DETAIL_COLUMNS
from kaipiao.delivery.sheets.read import SheetInvoice, read_sheet
from kaipiao.delivery.sheets.template import Result, write_results, write_template
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.element import OwnProduce
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.rules import check
from tests.made_documents import mutations, packed, unpacked
from tests.strategies import BUYER, DAY, SELLER

DEFAULTS = Defaults(seller=SELLER, issuer="李示例")
SALE = {
    "发票流水号": "sale-1",
    "发票类型": "普通发票",
    "是否含税": "否",
    "购买方名称": BUYER.name,
    "购买方纳税人识别号": BUYER.taxpayer_id,
}
LINE = {
    "发票流水号": "sale-1",
    "项目名称": "*文具*文件盒",
    "商品和服务税收编码": "1060401010000000000",
    "金额": 100.0,
    "税率": 0.13,
}

Rows = Sequence[Mapping[str, object]]


def workbook(basic: Rows, detail: Rows, *, tops: int = 2, extra: Rows = ()) -> bytes:
    """A workbook with these rows below ``tops`` rows of notes and one of headings."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        for name, rows in (
            (BASIC, basic),
            (DETAIL, detail),
            ("4-附加要素信息", extra or [{"发票流水号": None}]),
        ):
            sheet = book.add_worksheet(name)
            headings = list(dict.fromkeys(heading for row in rows for heading in row))
            sheet.merge_range(0, 0, 0, 7, "填表说明")
            for column, heading in enumerate(headings):
                sheet.write(tops, column, heading)
                for number, row in enumerate(rows, tops + 1):
                    if row.get(heading) is not None:
                        sheet.write(number, column, row[heading])
    return file.getvalue()


def read(basic: Rows, detail: Rows, defaults: Defaults = DEFAULTS) -> list[SheetInvoice]:
    return list(read_sheet(workbook(basic, detail), defaults))


def read_one(sale: Mapping[str, object] = {}, line: Mapping[str, object] = {}) -> SheetInvoice:
    (invoice,) = read([SALE | sale], [LINE | line])
    return invoice


def faults(invoice: SheetInvoice) -> list[Violation]:
    assert isinstance(invoice.read, list), invoice
    return invoice.read


def draft(invoice: SheetInvoice) -> Draft:
    assert isinstance(invoice.read, Draft), invoice
    return invoice.read


def test_the_template_reads_clean_and_its_example_is_lawful(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx")

    (invoice,) = read_sheet((tmp_path / "template.xlsx").read_bytes())

    assert (invoice.where, invoice.key) == (f"{BASIC}!4", "EXAMPLE-1")
    example = draft(invoice)
    assert check(example, on=DAY) == []
    assert [line.gross_fen for line in example.lines] == [106_000, -6_000]


def test_a_row_and_its_lines_become_a_draft() -> None:
    invoice = read_one(
        {"备注": "合同一号", "收款人": "钱示例"}, {"数量": 2, "单价": 50, "单位": "个"}
    )

    read_draft = draft(invoice)
    assert check(read_draft, on=DAY) == []
    assert (read_draft.seller, read_draft.issuer) == (SELLER, "李示例")
    assert (read_draft.remark, read_draft.payee) == ("合同一号", "钱示例")
    (line,) = read_draft.lines
    assert (line.net_fen, line.gross_fen, line.rate_bp) == (10_000, None, 1300)
    assert (line.quantity, line.unit_price, line.unit) == ("2", "50", "个")


@given(st.integers(1, 10**11))
def test_a_number_cell_is_its_amount_to_the_fen(fen: int) -> None:
    (line,) = draft(read_one(line={"金额": float(format_yuan(fen))})).lines

    assert line.net_fen == fen


@pytest.mark.parametrize("value", [12.345, 0.1 + 0.2 + 1e-9, "12.345", "12,3", "abc", "1e2", True])
def test_what_is_not_whole_fen_is_refused_and_never_rounded(value: object) -> None:
    (fault,) = faults(read_one(line={"金额": value}))

    assert fault.code == "sheet-amount-unreadable"
    assert fault.path == f"/{DETAIL}/4/金额"
    assert "D4" in fault.zh
    assert "D4" in fault.en


@pytest.mark.parametrize("typed", [0.13, "13%", "0.13", "13.00%"])
def test_a_rate_is_read_however_it_is_typed(typed: object) -> None:
    (line,) = draft(read_one(line={"税率": typed})).lines

    assert line.rate_bp == 1300


@pytest.mark.parametrize(("answer", "field"), [("是", "gross_fen"), ("否", "net_fen")])
@pytest.mark.parametrize("written", ["10.00", "-10", 10])
def test_a_discount_is_a_line_of_its_own(answer: str, field: str, written: object) -> None:
    read_draft = draft(read_one({"是否含税": answer}, {"折扣金额": written}))

    sold, discount = read_draft.lines
    assert check(read_draft, on=DAY) == []
    assert (getattr(sold, field), sold.nature) == (10_000, "discounted")
    assert (getattr(discount, field), discount.nature) == (-1_000, "discount")
    assert (sold.net_fen is None) != (sold.gross_fen is None)


@pytest.mark.parametrize(
    ("line", "treatment"),
    [
        ({"税率": "免税"}, "exempt"),
        ({"税率": "不征税"}, "untaxed"),
        ({"税率": 0, "是否使用优惠政策": "是", "优惠政策类型": "免税"}, "exempt"),
        ({"税率": 0.03, "是否使用优惠政策": "是", "优惠政策类型": "简易征收"}, "taxed"),
    ],
)
def test_the_ways_to_owe_nothing_are_told_apart(line: dict[str, object], treatment: str) -> None:
    assert draft(read_one(line=line)).lines[0].treatment == treatment


def test_a_short_category_in_its_own_column_is_put_in_front() -> None:
    invoice = read_one(line={"项目名称": "文件盒", "商品和服务分类简称": "文具"})

    assert draft(invoice).lines[0].name == "*文具*文件盒"


def test_an_element_without_fields_is_read_and_another_asks_for_its_row() -> None:
    assert draft(read_one({"特定业务类型": "自产农产品销售"})).element == OwnProduce()
    (fault,) = faults(read_one({"特定业务类型": "建筑服务"}))
    assert fault.code == "sheet-element-missing"
    (fault,) = faults(read_one({"特定业务类型": "算命"}))
    assert fault.code == "sheet-element-unknown"
    assert "建筑服务" in fault.zh


def test_all_faults_of_an_invoice_are_told_at_once() -> None:
    invoice = read_one(
        {"发票类型": "收据", "购买方名称": None, "是否含税": "maybe"},
        {"金额": "x", "税率": 99, "数量": "1e9"},
    )

    assert {(fault.code, fault.path.split("/")[-1]) for fault in faults(invoice)} == {
        ("sheet-kind-unknown", "发票类型"),
        ("sheet-cell-missing", "购买方名称"),
        ("sheet-answer-unreadable", "是否含税"),
        ("sheet-amount-unreadable", "金额"),
        ("sheet-rate-unreadable", "税率"),
        ("sheet-decimal-unreadable", "数量"),
    }


def test_a_faulty_invoice_leaves_its_neighbours_alone() -> None:
    other = {"发票流水号": "sale-2"}

    bad, good = read([SALE, SALE | other], [LINE | {"金额": 0.001}, LINE | other])

    assert [fault.code for fault in faults(bad)] == ["sheet-amount-unreadable"]
    assert draft(good).lines[0].net_fen == 10_000


def test_a_long_number_typed_as_a_number_is_refused() -> None:
    (fault,) = faults(read_one(line={"商品和服务税收编码": 1060401010000000000}))

    assert fault.code == "sheet-digits-lost"


def test_a_heading_that_nobody_knows_is_not_silently_passed_over() -> None:
    assert draft(read_one({"购买方邮箱": "a@example.com"}))
    (fault,) = faults(read_one(line={"折扣金額": "10.00"}))
    assert fault.code == "sheet-column-unknown"


def test_a_formula_is_refused() -> None:
    (fault,) = faults(read_one(line={"金额": "=50*2"}))

    assert fault.code == "sheet-formula"


def test_more_on_a_further_sheet_is_not_dropped_in_silence() -> None:
    extra = [{"发票流水号": "sale-2", "附加要素名称": "合同号", "附加要素内容": "一号"}]
    other = {"发票流水号": "sale-2"}

    good, bad = read_sheet(
        workbook([SALE, SALE | other], [LINE, LINE | other], extra=extra), DEFAULTS
    )

    assert draft(good)
    (fault,) = faults(bad)
    assert fault.code == "sheet-extra-unsupported"
    assert "4-附加要素信息!4" in fault.en


def test_keys_join_the_sheets() -> None:
    first, second, orphan = read([SALE, SALE], [LINE, LINE, LINE | {"发票流水号": "sale-9"}])

    assert len(draft(first).lines) == 2
    assert [fault.code for fault in faults(second)] == ["sheet-key-repeated"]
    assert [fault.code for fault in faults(orphan)] == ["sheet-line-orphaned"]
    assert (orphan.where, orphan.key) == (f"{DETAIL}!6", "sale-9")


def test_an_invoice_without_lines_and_one_without_a_usable_key() -> None:
    lonely, spaced = read(
        [SALE, SALE | {"发票流水号": "一号 单"}],
        [LINE | {"发票流水号": "一号 单"}],
    )

    assert [fault.code for fault in faults(lonely)] == ["sheet-lines-missing"]
    assert [fault.code for fault in faults(spaced)] == ["sheet-key-malformed"]


def test_a_key_typed_as_a_number_is_its_digits() -> None:
    (invoice,) = read([SALE | {"发票流水号": 42}], [LINE | {"发票流水号": "42"}])

    assert invoice.key == "42"
    assert draft(invoice).lines


def test_blank_rows_are_passed_over_and_row_numbers_stay_true() -> None:
    invoices = read([SALE, {}, SALE | {"发票流水号": "sale-2"}], [LINE, {}, LINE])

    assert [invoice.where for invoice in invoices] == [f"{BASIC}!4", f"{BASIC}!6"]
    assert len(draft(invoices[0]).lines) == 2


def test_the_sheets_own_seller_comes_before_the_files() -> None:
    own = {"销售方名称": BUYER.name, "销售方纳税人识别号": BUYER.taxpayer_id, "开票人": "孙示例"}

    read_draft = draft(read_one(own))

    assert (read_draft.seller.taxpayer_id, read_draft.issuer) == (BUYER.taxpayer_id, "孙示例")
    assert read_draft.seller.bank == ""


def test_without_a_seller_anywhere_it_is_asked_for() -> None:
    (invoice,) = read([SALE], [LINE], Defaults())

    assert {fault.path.split("/")[-1] for fault in faults(invoice)} == {
        "销售方名称",
        "销售方纳税人识别号",
        "开票人",
    }


@pytest.mark.parametrize("tops", [1, 3, 5])
def test_headings_are_found_wherever_they_stand(tops: int) -> None:
    (invoice,) = read_sheet(workbook([SALE], [LINE], tops=tops), DEFAULTS)

    assert draft(invoice)


def test_marks_and_line_breaks_in_headings_do_not_count() -> None:
    sale = {f"*{heading}\n": value for heading, value in SALE.items()}

    assert draft(read([sale], [LINE])[0])


@pytest.mark.parametrize("missing", ["发票流水号", "发票类型", "购买方名称"])
def test_a_missing_column_is_named(missing: str) -> None:
    with pytest.raises(Unreadable, match=missing):
        read([{k: v for k, v in SALE.items() if k != missing}], [LINE])


def test_a_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(Unreadable, match="发票类型"):
        read([SALE | {"发票类型 ": "普通发票"}], [LINE])


def test_a_cell_in_the_last_corner_does_not_fill_the_memory() -> None:
    parts = unpacked(workbook([SALE], [LINE]))
    sheet = "xl/worksheets/sheet1.xml"
    corner = b'<row r="1048576"><c r="&#88;FD1048576"><v>1</v></c></row></sheetData>'
    parts[sheet] = parts[sheet].replace(b"</sheetData>", corner)

    with pytest.raises(Unreadable, match="cells"):
        read_sheet(packed(parts))


FORMULA = b'<c r="D4"><f>50*2</f><v>100</v></c>'


@pytest.mark.parametrize(
    "disguised",
    [
        lambda xml: xml.replace(b"<f>", b"<f >").replace(b"</f>", b"</f >"),
        lambda xml: xml.decode().replace('encoding="UTF-8"', "").encode("utf-16"),
        lambda xml: xml.replace(b'r="D4"', b"r='D4'"),
        lambda xml: xml.replace(b"<c r", b"<c\nr"),
        lambda xml: xml.replace(b"<f>", b"<!-- x --><f>"),
    ],
    ids=["a space", "utf-16", "quotes", "a line break", "a comment"],
)
def test_a_formula_in_disguise_is_still_one(disguised: Callable[[bytes], bytes]) -> None:
    parts = unpacked(workbook([SALE], [LINE]))
    sheet = "xl/worksheets/sheet2.xml"
    parts[sheet] = disguised(re.sub(rb'<c r="D4".*?</c>', FORMULA, parts[sheet]))
    assert b"50*2" in parts[sheet].replace(b"\0", b"")

    try:
        (found,) = read_sheet(packed(parts), DEFAULTS)
    except Unreadable:
        return
    assert "sheet-formula" in [fault.code for fault in faults(found)]


@pytest.mark.parametrize(
    "cell",
    [b'<c r="XFD1048576"><v>1</v></c>', b"<c r='XFD1048576'><v>1</v></c>",
     b'<c s="1" r="XFD1048576"><v>1</v></c>', b'<x:c xmlns:x="a" r="XFD1048576"/>',
     b'<c r="A1" r="XFD1048576"><v>1</v></c>'],
)  # fmt: skip
def test_no_way_to_write_the_last_corner_fills_the_memory(cell: bytes) -> None:
    parts = unpacked(workbook([SALE], [LINE]))
    sheet = "xl/worksheets/sheet1.xml"
    row = b'<row r="1048576">' + cell + b"</row></sheetData>"
    parts[sheet] = parts[sheet].replace(b"</sheetData>", row)

    with pytest.raises(Unreadable):
        read_sheet(packed(parts))


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_unread() -> None:
    parts = unpacked(workbook([SALE], [LINE]))
    parts["xl/worksheets/sheet1.xml"] += b" " * (30 * 2**20)

    with pytest.raises(Unreadable, match="larger than we read"):
        read_sheet(packed(parts))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"<a/>", packed({"a": b"b"})])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        read_sheet(data)


def test_a_damaged_workbook_is_read_or_unreadable() -> None:
    for damaged in mutations(workbook([SALE], [LINE]), rounds=300):
        with contextlib.suppress(Unreadable):
            list(read_sheet(damaged, DEFAULTS))


def test_columns_are_lettered_as_spreadsheets_do() -> None:
    assert [column_letters(n) for n in (0, 25, 26, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip


def test_examples_and_headings_are_each_given_once() -> None:
    for columns in (BASIC_COLUMNS, DETAIL_COLUMNS):
        headings = [column.heading for column in columns]
        assert len(set(headings)) == len(headings)


def test_results_open_in_a_spreadsheet_and_run_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"

    write_results(path, [Result("=cmd()", "26317000000000000042", "", "issued", "无")])

    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["发票流水号"] == "'=cmd()"
    assert row["发票号码"] == "26317000000000000042"
