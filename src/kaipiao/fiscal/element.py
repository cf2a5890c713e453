"""Special-business elements (特定要素): what some trades must add to an invoice.

One struct for each code; the code is the tag, so JSON says ``{"code": "03", "place": …}``.
The fields are the ones that the trade's own invoices print.  Where neither the interface's
field tables nor a published notice is at hand, the struct is empty and says so: an invented
field would have to be kept for ever.  Which fields are required, and from which lists they
take their values, is dated data and lives in ``regimes``.
"""

from datetime import date

import msgspec


class _Element(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="code",
):
    """What all elements share: how they are written."""


class _Row(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One row of an element's own table."""


class RefinedOil(_Element, frozen=True, kw_only=True, tag="01"):
    """成品油: nothing of its own; every line needs 吨 or 升, a quantity and a unit price."""


class RareEarth(_Element, frozen=True, kw_only=True, tag="02"):
    """稀土: nothing of its own; every line is measured in 公斤 or 吨 of oxide equivalent."""


class Construction(_Element, frozen=True, kw_only=True, tag="03"):
    """建筑服务: where the work is done.  One line, without spec, unit, quantity or price."""

    place: str = ""  # 建筑服务发生地, down to the city
    address: str = ""  # 详细地址
    project: str = ""  # 建筑项目名称
    cross_city: bool  # 跨地(市)标志
    land_tax_no: str = ""  # 土地增值税项目编号


class Trip(_Row, frozen=True, kw_only=True):
    """One leg of a freight invoice, all five printed."""

    origin: str  # 起运地
    destination: str  # 到达地
    vehicle: str  # 运输工具种类
    plate: str  # 运输工具牌号
    goods: str  # 运输货物名称


class Freight(_Element, frozen=True, kw_only=True, tag="04"):
    """货物运输服务: at least one trip for each line."""

    trips: tuple[Trip, ...] = ()


class PropertySale(_Element, frozen=True, kw_only=True, tag="05"):
    """不动产销售: one line."""

    place: str = ""  # 不动产地址, down to the city
    address: str = ""  # 详细地址
    area_unit: str = ""  # 面积单位
    cross_city: bool  # 跨地(市)标志
    certificate_no: str = ""  # 产权证书/不动产权证号
    contract_no: str = ""  # 不动产单元代码/网签合同备案编号
    land_tax_no: str = ""  # 土地增值税项目编号


class PropertyLease(_Element, frozen=True, kw_only=True, tag="06"):
    """不动产经营租赁服务: one line.  The lease runs from one day to another, both included."""

    place: str = ""  # 不动产地址, down to the city
    address: str = ""  # 详细地址
    area_unit: str = ""  # 面积单位
    lease_from: date
    lease_to: date
    cross_city: bool  # 跨地(市)标志
    certificate_no: str = ""  # 产权证书/不动产权证号


class VehicleTax(_Element, frozen=True, kw_only=True, tag="07"):
    """代收车船税: what an insurer collected for the state (named by notice no. 51 of 2016)."""

    policy_no: str = ""  # 保险单号
    plate: str = ""  # 车牌号
    vin: str = ""  # 车辆识别代码/车架号
    months: str = ""  # 税款所属期, detailed to the month
    tax_fen: int = 0  # 代收车船税金额
    late_fee_fen: int = 0  # 滞纳金金额


class Toll(_Element, frozen=True, kw_only=True, tag="08"):
    """通行费: what every toll invoice prints."""

    plate: str = ""  # 车牌号
    vehicle: str = ""  # 车辆类型
    passed_from: date | None = None  # 通行日期起
    passed_to: date | None = None  # 通行日期止


class Traveller(_Row, frozen=True, kw_only=True):
    """One journey of one person."""

    name: str  # 出行人
    id_kind: str  # 有效身份证件类型
    id_number: str  # 有效身份证件号
    travelled_on: date  # 出行日期
    origin: str  # 出发地
    destination: str  # 到达地
    vehicle: str  # 交通工具类型
    seat_class: str = ""  # 等级; required for trains, planes and ships


class Passenger(_Element, frozen=True, kw_only=True, tag="09"):
    """旅客运输服务: one line and at least one traveller."""

    travellers: tuple[Traveller, ...] = ()


class Inpatient(_Element, frozen=True, kw_only=True, tag="10"):
    """医疗服务 (住院): its own fields are unconfirmed, so none is taken."""


class Outpatient(_Element, frozen=True, kw_only=True, tag="11"):
    """医疗服务 (门诊): its own fields are unconfirmed, so none is taken."""


class OwnProduce(_Element, frozen=True, kw_only=True, tag="12"):
    """自产农产品销售: nothing of its own; exempt, and never a special invoice."""


class Tractor(_Element, frozen=True, kw_only=True, tag="13"):
    """拖拉机和联合收割机: its own fields are unconfirmed, so none is taken."""


class MotorVehicle(_Element, frozen=True, kw_only=True, tag="14"):
    """机动车: the fields of the unified vehicle invoice; which are required is unconfirmed."""

    vin: str = ""  # 车辆识别代号/车架号码
    vehicle: str = ""  # 车辆类型
    model: str = ""  # 厂牌型号
    origin: str = ""  # 产地
    certificate_no: str = ""  # 合格证号
    import_no: str = ""  # 进口证明书号
    inspection_no: str = ""  # 商检单号
    engine_no: str = ""  # 发动机号码
    tonnage: str = ""  # 吨位
    seats: str = ""  # 限乘人数


class UsedVehicle(_Element, frozen=True, kw_only=True, tag="15"):
    """二手车: the fields of the unified used-car invoice; which are required is unconfirmed."""

    vin: str = ""  # 车架号/车辆识别代码
    plate: str = ""  # 车牌照号
    registration_no: str = ""  # 登记证号
    vehicle: str = ""  # 车辆类型
    model: str = ""  # 厂牌型号
    moved_to: str = ""  # 转入地车辆管理所名称


class ProducePurchase(_Element, frozen=True, kw_only=True, tag="16"):
    """农产品收购: the buyer of the produce issues it.

    ``seller`` is always who issues and whose credit line is drawn: here the enterprise that
    buys the produce; ``buyer`` is the farmer who sells it.  A rendition prints the two the
    other way round.  Exempt, and never a special invoice.
    """


class SolarPurchase(_Element, frozen=True, kw_only=True, tag="17"):
    """光伏收购: its own fields are unconfirmed, so none is taken."""


class Cigarettes(_Element, frozen=True, kw_only=True, tag="18"):
    """卷烟: its own fields are unconfirmed, so none is taken."""


class Export(_Element, frozen=True, kw_only=True, tag="19"):
    """出口: its own fields are unconfirmed, so none is taken."""


Element = (
    RefinedOil
    | RareEarth
    | Construction
    | Freight
    | PropertySale
    | PropertyLease
    | VehicleTax
    | Toll
    | Passenger
    | Inpatient
    | Outpatient
    | OwnProduce
    | Tractor
    | MotorVehicle
    | UsedVehicle
    | ProducePurchase
    | SolarPurchase
    | Cigarettes
    | Export
)


def element_code(element: Element) -> str:
    """The two digits that name this element."""
    return str(type(element).__struct_config__.tag)
