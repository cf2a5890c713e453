"""A CSV is read as people's programs write it, and nothing in one that we write is ever run."""

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.unreadable import Unreadable
from kaipiao.delivery.sheets.file import SheetFile
from kaipiao.delivery.sheets.read import read_sheet
from kaipiao.delivery.sheets.table import DANGEROUS, TextTable, decode, harmless
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.imports import SaleResult
from tests.sheets_made import as_csv, line, sale

ROW = sale("a") | line("a", 金额="100.00", 税率="13%")


def read_one(**changes: object) -> Draft | list[object]:
    (one,) = read_sheet(as_csv([ROW | changes]))
    return one.read  # type: ignore[return-value]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_every_encoding_that_spreadsheets_write_is_known(encoding: str) -> None:
    assert decode("发票流水号".encode(encoding)).lstrip("\ufeff") == "发票流水号"


def test_zeros_kept_by_a_formula_of_text_are_kept() -> None:
    found = read_one(购买方银行账号='="00123"')

    assert isinstance(found, Draft)
    assert found.buyer.account == "00123"


def test_rows_of_one_invoice_share_its_header() -> None:
    rows = [ROW, {"发票流水号": "a"} | line("a", 金额="1.00")]
    (one,) = read_sheet(as_csv(rows))
    assert isinstance(one.read, Draft)
    assert len(one.read.lines) == 2

    (other,) = read_sheet(as_csv([ROW, ROW | {"购买方名称": "另一家"}]))
    assert isinstance(other.read, list)
    assert [fault.code for fault in other.read] == ["sheet-header-differs"]
    assert "第 2 行" in other.read[0].zh


def test_a_formula_is_text_and_no_amount() -> None:
    found = read_one(金额="=50*2")

    assert isinstance(found, list)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_nothing_we_write_begins_like_a_formula_unless_it_is_a_figure(text: str) -> None:
    shown = harmless(text)

    assert not shown.startswith(DANGEROUS) or float(shown.rstrip("%").replace(",", "")) is not None


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
def test_what_was_made_harmless_is_read_back_as_it_was(remark: str) -> None:
    found = read_one(备注=harmless(f"={remark}"))

    assert isinstance(found, Draft)
    assert found.remark == f"={remark}".strip() or found.remark in remark  # ="…" is its text


def test_the_table_given_back_holds_every_value_and_runs_none() -> None:
    rows = [ROW | {"备注": "=cmd()"}, ROW | {"发票流水号": "b", "备注": "-1+1"}]
    file = SheetFile(as_csv(rows))

    returned = file.render([SaleResult(place=0, key="a", outcome="issued", number="2" * 20)])

    found = list(csv.DictReader(io.StringIO(returned.decode("utf-8-sig"))))
    assert [row["备注"] for row in found] == ["'=cmd()", "'-1+1"]
    assert [row["结果"] for row in found] == ["已开具", "未开具"]
    assert [{k: row[k] for k in ROW if k != "备注"} for row in found] == [
        {k: str(v) for k, v in row.items() if k != "备注"} for row in rows
    ]


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_unreadable(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        list(read_sheet(data))


@pytest.mark.parametrize(
    "data",
    [
        "发票流水号".encode() + b"," * 7_000_000,
        ("发票流水号" + "," * 700 + "\n").encode() + b"x\n" * 10_000,
        b'"' + "发票流水号".encode() + b"x" * 40_000,
        b"\0" * 100,
        "发票流水号\n".encode("utf-16")[:-1],
    ],
    ids=["wide", "a rectangle", "one cell", "zeros", "half a character"],
)
def test_a_hostile_table_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        list(read_sheet(data))


def test_the_width_is_that_of_the_widest_row() -> None:
    assert TextTable("流水号,b\nx\n\ny,z,q\n".encode()).records == [
        ["流水号", "b", ""],
        ["x", "", ""],
        ["", "", ""],
        ["y", "z", "q"],
    ]
