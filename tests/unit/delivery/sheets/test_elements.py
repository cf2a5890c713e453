"""What some trades must add stands in columns, and what is amiss there is told at its cell."""

from datetime import date

import pytest

from kaipiao.delivery.sheets.file import SheetFile
from kaipiao.delivery.sheets.layout import BASIC, DETAIL, ELEMENT
from kaipiao.delivery.sheets.read import read_sheet
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.element import Construction, Freight, PropertyLease, Trip
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.rules import check
from tests.sheets_made import as_workbook, line, sale
from tests.strategies import DAY

TRIP = {
    "发票流水号": "a",
    "起运地": "上海市",
    "到达地": "杭州市",
    "运输工具种类": "公路运输",
    "运输工具牌号": "沪A00000",
    "运输货物名称": "文件盒",
}


def read(trade: str, *rows: dict[str, object], **detail: object) -> Draft | list[Violation]:
    (one,) = read_sheet(
        as_workbook(
            {BASIC: [sale("a", 特定业务类型=trade)], DETAIL: [line("a", **detail)], ELEMENT: rows}
        )
    )
    return one.read


def codes(found: Draft | list[Violation]) -> list[str]:
    assert isinstance(found, list), found
    return [fault.code for fault in found]


def test_construction_is_one_row() -> None:
    row = {
        "发票流水号": "a",
        "建筑服务发生地": "上海市",
        "建筑项目名称": "一号楼",
        "跨地(市)标志": "否",
    }

    found = read("建筑服务", {"发票流水号": "a"} | row)

    assert isinstance(found, Draft)
    assert found.element == Construction(place="上海市", project="一号楼", cross_city=False)


def test_freight_is_a_row_for_each_trip() -> None:
    found = read("货物运输", dict(TRIP), TRIP | {"到达地": "宁波市"})

    assert isinstance(found, Draft)
    assert isinstance(found.element, Freight)
    assert [trip.destination for trip in found.element.trips] == ["杭州市", "宁波市"]
    assert found.element.trips[0] == Trip(
        origin="上海市", destination="杭州市", vehicle="公路运输", plate="沪A00000", goods="文件盒"
    )


@pytest.mark.parametrize("day", ["2026-11-01", "2026年11月1日", date(2026, 11, 1), "20261101"])
def test_a_day_is_read_however_it_is_written(day: object) -> None:
    row = {
        "发票流水号": "a", "不动产地址": "上海市", "详细地址": "虚构路1号", "面积单位": "平方米",
        "租赁期起": "2026-11-01" if isinstance(day, date) else day, "租赁期止": "2026-11-30",
        "跨地(市)标志": "是",
    }  # fmt: skip

    found = read("不动产经营租赁", row)

    assert isinstance(found, Draft)
    assert isinstance(found.element, PropertyLease)
    assert found.element.lease_from == date(2026, 11, 1)


def test_what_is_amiss_is_told_at_its_cell() -> None:
    assert codes(read("算命")) == ["sheet-element-unknown"]
    assert codes(read("建筑服务")) == ["sheet-element-missing"]
    assert codes(read("", dict(TRIP)))[0] == "sheet-element-foreign"
    assert codes(read("货物运输", {k: v for k, v in TRIP.items() if k != "起运地"})) == [
        "sheet-cell-missing"
    ]
    lease = {"发票流水号": "a", "租赁期起": "明天", "租赁期止": "2026-11-30", "跨地(市)标志": "是"}
    found = read("不动产租赁", lease)
    assert codes(found) == ["sheet-day-unreadable"]
    assert isinstance(found, list)
    assert f"{ELEMENT}!B2 租赁期起" in found[0].zh


def test_a_second_row_where_one_is_due_is_not_dropped() -> None:
    row = {"发票流水号": "a", "跨地(市)标志": "否"}

    assert codes(read("建筑服务", dict(row), dict(row))) == ["sheet-element-repeated"]


def test_the_law_names_the_cell_of_an_element() -> None:
    tables = {
        BASIC: [sale("a", 特定业务类型="货物运输")],
        DETAIL: [line("a", 税率=0.09)],
        ELEMENT: [TRIP | {"运输工具种类": "热气球"}],
    }
    file = SheetFile(as_workbook(tables))
    (one,) = file.sales()
    assert isinstance(one.read, Draft)

    told = file.locate(one, check(one.read, on=DAY))

    assert any(f"{ELEMENT}!D2 运输工具种类" in fault.zh for fault in told)
