"""What some trades must add (特定要素), read from the third sheet: which heading is which field.

Most elements are one row; freight has one for each trip, passenger transport one for each
journey.  Only what is text, a day, an amount or 是/否 stands in a column, so the types of the
fields say how each is read.  Which fields the law asks for is not decided here.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, get_type_hints

import msgspec

from kaipiao.delivery.sheets.cells import Row
from kaipiao.fiscal import element
from kaipiao.fiscal.element import Element

Fields = Mapping[str, str]
"""Field by heading."""


class Trade(NamedTuple):
    """An element as rows: its type; its fields; and, where it has a table, that table's."""

    kind: type[msgspec.Struct]
    fields: Fields = MappingProxyType({})
    table: str = ""
    row: type[msgspec.Struct] | None = None


_PROPERTY: Fields = {
    "不动产地址": "place",
    "详细地址": "address",
    "面积单位": "area_unit",
    "跨地(市)标志": "cross_city",
    "产权证书号": "certificate_no",
}
_BUILDING: Fields = {
    "建筑服务发生地": "place",
    "详细地址": "address",
    "建筑项目名称": "project",
    "跨地(市)标志": "cross_city",
    "土地增值税项目编号": "land_tax_no",
}
_SALE: Fields = {**_PROPERTY, "不动产单元代码": "contract_no", "土地增值税项目编号": "land_tax_no"}
_LEASE: Fields = {**_PROPERTY, "租赁期起": "lease_from", "租赁期止": "lease_to"}
_TRIP: Fields = {
    "起运地": "origin",
    "到达地": "destination",
    "运输工具种类": "vehicle",
    "运输工具牌号": "plate",
    "运输货物名称": "goods",
}
_JOURNEY: Fields = {
    "出行人": "name",
    "有效身份证件类型": "id_kind",
    "有效身份证件号": "id_number",
    "出行日期": "travelled_on",
    "出发地": "origin",
    "到达地": "destination",
    "交通工具类型": "vehicle",
    "等级": "seat_class",
}
_VEHICLE_TAX: Fields = {
    "保险单号": "policy_no",
    "车牌号": "plate",
    "车架号": "vin",
    "税款所属期": "months",
    "代收车船税金额": "tax_fen",
    "滞纳金金额": "late_fee_fen",
}
_TOLL: Fields = {
    "车牌号": "plate",
    "车辆类型": "vehicle",
    "通行日期起": "passed_from",
    "通行日期止": "passed_to",
}
_MOTOR: Fields = {
    "车架号": "vin",
    "车辆类型": "vehicle",
    "厂牌型号": "model",
    "产地": "origin",
    "合格证号": "certificate_no",
    "进口证明书号": "import_no",
    "商检单号": "inspection_no",
    "发动机号码": "engine_no",
    "吨位": "tonnage",
    "限乘人数": "seats",
}
_USED: Fields = {
    "车架号": "vin",
    "车牌号": "plate",
    "登记证号": "registration_no",
    "车辆类型": "vehicle",
    "厂牌型号": "model",
    "转入地车辆管理所名称": "moved_to",
}
_FREIGHT = Trade(element.Freight, _TRIP, "trips", element.Trip)
_PASSENGER = Trade(element.Passenger, _JOURNEY, "travellers", element.Traveller)

TRADES: Mapping[str, Trade] = {
    "成品油": Trade(element.RefinedOil),
    "稀土": Trade(element.RareEarth),
    "建筑服务": Trade(element.Construction, _BUILDING),
    "货物运输": _FREIGHT,
    "货物运输服务": _FREIGHT,
    "不动产销售": Trade(element.PropertySale, _SALE),
    "不动产租赁": Trade(element.PropertyLease, _LEASE),
    "不动产经营租赁": Trade(element.PropertyLease, _LEASE),
    "不动产经营租赁服务": Trade(element.PropertyLease, _LEASE),
    "代收车船税": Trade(element.VehicleTax, _VEHICLE_TAX),
    "通行费": Trade(element.Toll, _TOLL),
    "旅客运输": _PASSENGER,
    "旅客运输服务": _PASSENGER,
    "医疗服务 (住院)": Trade(element.Inpatient),
    "医疗服务 (门诊)": Trade(element.Outpatient),
    "自产农产品销售": Trade(element.OwnProduce),
    "拖拉机和联合收割机": Trade(element.Tractor),
    "机动车": Trade(element.MotorVehicle, _MOTOR),
    "二手车": Trade(element.UsedVehicle, _USED),
    "农产品收购": Trade(element.ProducePurchase),
    "光伏收购": Trade(element.SolarPurchase),
    "卷烟": Trade(element.Cigarettes),
    "出口": Trade(element.Export),
}
"""By 特定业务类型, as the tax bureau's template and the law call them."""

ELEMENT_HEADINGS = frozenset(heading for trade in TRADES.values() for heading in trade.fields)


def element_of(row: Row, rows: Sequence[Row]) -> Element | None:
    """The element of an invoice from its basic row and its rows of the third sheet."""
    text = row.text("特定业务类型")
    trade = TRADES.get(text)
    if text and trade is None:
        row.fault(
            "特定业务类型",
            "sheet-element-unknown",
            zh=f"特定业务类型 {text[:40]} 无法识别。可填: {'、'.join(TRADES)}",
            en=f"{text[:40]} is no trade we know. Write one of: {', '.join(TRADES)}",
        )
    for one in rows:
        _check_headings(one, trade, text)
    return _read(trade, row, rows) if trade else None


def _read(trade: Trade, row: Row, rows: Sequence[Row]) -> Element:
    if trade.row is not None:
        table = tuple(_struct(trade.row, trade.fields, one) for one in rows)
        return _element(trade, {trade.table: table})
    if trade.fields and not rows:
        row.fault(
            "特定业务类型",
            "sheet-element-missing",
            zh="在“特定业务信息”中没有对应的行",
            en="has no row in the sheet 特定业务信息",
        )
    for extra in rows[1:]:
        extra.fault(
            "发票流水号",
            "sheet-element-repeated",
            zh="该业务每张发票只能填一行",
            en="is a second row, and this trade takes one an invoice",
        )
    values = _values(trade.kind, trade.fields, rows[0]) if rows else {}
    return _element(trade, values)


def _element(trade: Trade, values: dict[str, Any]) -> Element:
    made: Element = _made(trade.kind, values)
    return made


def _check_headings(row: Row, trade: Trade | None, name: str) -> None:
    """What belongs to another trade would be lost in silence."""
    foreign = ELEMENT_HEADINGS - (trade.fields.keys() if trade else frozenset())
    for heading in sorted(foreign) if row.holds(foreign) else ():
        if row.text(heading):
            row.fault(
                heading,
                "sheet-element-foreign",
                zh=f"不属于特定业务类型“{name}”。请清空, 或更正基本信息中的特定业务类型",
                en=f"does not belong to the trade {name!r}. Clear it, or correct 特定业务类型",
            )


def _struct(kind: type[msgspec.Struct], fields: Fields, row: Row) -> Any:
    return _made(kind, _values(kind, fields, row))


def _values(kind: type[msgspec.Struct], fields: Fields, row: Row) -> dict[str, Any]:
    """What the row says, by field; what must be there and is not is a fault."""
    types = get_type_hints(kind)
    needed = {one.name for one in msgspec.structs.fields(kind) if one.required}
    values: dict[str, Any] = {}
    for heading, field in fields.items():
        if field in needed:
            row.needed(heading)
        if not row.text(heading):
            continue
        kind_of = types[field]
        if kind_of is bool:
            values[field] = row.answer(heading)
        elif kind_of is int:
            values[field] = row.amount(heading) or 0
        elif kind_of is str:
            values[field] = row.words(heading)
        else:
            values[field] = row.day(heading)
    return values


_STAND_IN: Mapping[Any, Any] = {bool: False, str: "", int: 0, date: date(2000, 1, 1)}


def _made(kind: type[msgspec.Struct], values: dict[str, Any]) -> Any:
    """The struct.  A needed field that is missing has its fault already, and any value will do."""
    types = get_type_hints(kind)
    for field in msgspec.structs.fields(kind):
        if field.required and values.get(field.name) is None:
            values[field.name] = _STAND_IN[types[field.name]]
    return kind(**{name: value for name, value in values.items() if value is not None})
