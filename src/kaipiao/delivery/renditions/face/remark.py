"""The remark (备注): what the seller wrote, and what the law or the trade wants said there."""

from collections.abc import Iterator

from kaipiao.fiscal.draft import Draft, Party
from kaipiao.fiscal.element import (
    Construction,
    Element,
    MotorVehicle,
    PropertyLease,
    PropertySale,
    Toll,
    UsedVehicle,
    VehicleTax,
)
from kaipiao.fiscal.money import format_yuan

Fact = tuple[str, str]
"""A label, and a text that may be empty."""


def compose_remark(draft: Draft) -> str:
    """One paragraph each: the seller's own words, the element's facts, margins, parties, people.

    A red letter's own words already begin with the original's number and the form's.
    """
    paragraphs = (
        draft.remark,
        _joined(_element_facts(draft.element)),
        _joined(_margin_facts(draft)),
        _joined(_party_facts("购方", draft.buyer)),
        _joined(_party_facts("销方", draft.seller)),
        _joined((("收款人", draft.payee), ("复核人", draft.reviewer))),
    )
    return "\n".join(paragraph for paragraph in paragraphs if paragraph)


def _joined(facts: tuple[Fact, ...]) -> str:
    return "；".join(f"{label}：{text}" for label, text in facts if text)


def _party_facts(side: str, party: Party) -> tuple[Fact, ...]:
    return (
        (f"{side}地址", party.address),
        ("电话", party.telephone),
        (f"{side}开户银行", party.bank),
        ("银行账号", party.account),
    )


def _margin_facts(draft: Draft) -> tuple[Fact, ...]:
    deduction_fen = sum(line.deduction_fen for line in draft.lines)
    return (("差额征税，扣除额", format_yuan(deduction_fen) if deduction_fen else ""),)


def _element_facts(element: Element | None) -> tuple[Fact, ...]:
    if isinstance(element, Construction):
        return (
            ("土地增值税项目编号", element.land_tax_no),
            ("跨地（市）标志", _yes(element.cross_city)),
        )
    if isinstance(element, PropertySale | PropertyLease):
        return tuple(_property_facts(element))
    if isinstance(element, VehicleTax):
        return _vehicle_tax_facts(element)
    if isinstance(element, Toll):
        days = (element.passed_from, element.passed_to)
        passed = " 至 ".join(day.isoformat() for day in days if day)
        return (("车牌号", element.plate), ("车辆类型", element.vehicle), ("通行日期", passed))
    return _vehicle_facts(element)


def _property_facts(element: PropertySale | PropertyLease) -> Iterator[Fact]:
    yield "不动产地址", element.place + element.address
    if isinstance(element, PropertyLease):
        yield "租赁期起止", f"{element.lease_from} 至 {element.lease_to}"
    else:
        yield "不动产单元代码/网签合同备案编号", element.contract_no
        yield "土地增值税项目编号", element.land_tax_no
    yield "跨地（市）标志", _yes(element.cross_city)


def _vehicle_tax_facts(element: VehicleTax) -> tuple[Fact, ...]:
    late = format_yuan(element.late_fee_fen) if element.late_fee_fen else ""
    return (
        ("保险单号", element.policy_no),
        ("车牌号", element.plate),
        ("车辆识别代码", element.vin),
        ("税款所属期", element.months),
        ("代收车船税", format_yuan(element.tax_fen)),
        ("滞纳金", late),
        ("合计", format_yuan(element.tax_fen + element.late_fee_fen)),
    )


def _vehicle_facts(element: Element | None) -> tuple[Fact, ...]:
    if isinstance(element, MotorVehicle):
        return (
            ("车辆类型", element.vehicle),
            ("厂牌型号", element.model),
            ("产地", element.origin),
            ("合格证号", element.certificate_no),
            ("进口证明书号", element.import_no),
            ("商检单号", element.inspection_no),
            ("发动机号码", element.engine_no),
            ("车辆识别代号/车架号码", element.vin),
            ("吨位", element.tonnage),
            ("限乘人数", element.seats),
        )
    if isinstance(element, UsedVehicle):
        return (
            ("车牌照号", element.plate),
            ("登记证号", element.registration_no),
            ("车辆类型", element.vehicle),
            ("厂牌型号", element.model),
            ("车架号/车辆识别代码", element.vin),
            ("转入地车辆管理所", element.moved_to),
        )
    return ()


def _yes(flag: bool) -> str:
    return "是" if flag else "否"
