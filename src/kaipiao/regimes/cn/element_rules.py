"""Rules about special-business elements (特定要素): what each asks of its own fields and lines."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.element import (
    Construction,
    Freight,
    MotorVehicle,
    Passenger,
    PropertyLease,
    PropertySale,
    Toll,
    UsedVehicle,
    VehicleTax,
    element_code,
)
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.catalogue import objection
from kaipiao.regimes.cn.elements import (
    AREA_UNITS,
    CLASSED_VEHICLES,
    ELEMENT_NAMES,
    EXEMPT_ORDINARY,
    FREIGHT_VEHICLES,
    OIL_UNITS,
    ONE_LINE,
    PASSENGER_VEHICLES,
    RARE_EARTH_UNITS,
)
from kaipiao.regimes.cn.law import Context

_UNITS: dict[str, frozenset[str]] = {"01": OIL_UNITS, "02": RARE_EARTH_UNITS}
_QUANTITY_REQUIRED = frozenset({"01", "02"})


def check_element_lines(draft: Draft, context: Context) -> Iterator[Violation]:
    """What an element asks of the lines: how many, bare or measured, and how they are taxed."""
    if draft.element is None:
        return
    code = element_code(draft.element)
    if code in ONE_LINE and len(draft.lines) > 1:
        yield _about(code, "element-lines", "/lines")
    if code == "03":
        yield from _check_bare(draft, code)
    if code in _UNITS:
        yield from _check_measured(draft, code)
    if code in EXEMPT_ORDINARY:
        yield from _check_exempt(draft, code)


def check_element_fields(draft: Draft, context: Context) -> Iterator[Violation]:
    """What an element asks of its own fields."""
    if draft.element is not None and (check := _FIELDS.get(type(draft.element))):
        yield from check(draft, draft.element)


def _check_bare(draft: Draft, code: str) -> Iterator[Violation]:
    for index, line in enumerate(draft.lines):
        if line.spec or line.unit or line.quantity or line.unit_price:
            yield _about(code, "element-line-bare", f"/lines/{index}")


def _check_measured(draft: Draft, code: str) -> Iterator[Violation]:
    units = _UNITS[code]
    for index, line in enumerate(draft.lines):
        if line.nature == "discount":
            continue
        if line.unit not in units:
            path = f"/lines/{index}/unit"
            yield _about(code, "element-unit", path, allowed=", ".join(sorted(units)))
        # A red letter that takes back a part of a line cannot state a quantity.
        missing = not line.quantity and not line.unit_price
        if code in _QUANTITY_REQUIRED and missing and draft.reversal is None:
            yield _about(code, "element-quantity-missing", f"/lines/{index}/quantity")


def _check_exempt(draft: Draft, code: str) -> Iterator[Violation]:
    if draft.kind == "special":
        yield _about(code, "element-not-special", "/kind")
    for index, line in enumerate(draft.lines):
        if line.treatment != "exempt":
            yield _about(code, "element-not-exempt", f"/lines/{index}/treatment")


def _check_construction(draft: Draft, element: Construction) -> Iterator[Violation]:
    yield from _check_present("03", element, "/element", ("place", "project"))


def _check_freight(draft: Draft, element: Freight) -> Iterator[Violation]:
    # A red letter repeats its original's element and may have fewer lines; never too few trips.
    count = max(1, sum(line.nature != "discount" for line in draft.lines))
    if len(element.trips) < count:
        yield _about("04", "element-rows-missing", "/element/trips", field="trips", count=count)
    for index, trip in enumerate(element.trips):
        path = f"/element/trips/{index}"
        yield from _check_present(
            "04", trip, path, ("origin", "destination", "vehicle", "plate", "goods")
        )
        yield from _check_value(f"{path}/vehicle", trip.vehicle, FREIGHT_VEHICLES)


def _check_property_sale(draft: Draft, element: PropertySale) -> Iterator[Violation]:
    yield from _check_present("05", element, "/element", ("place", "address", "area_unit"))
    yield from _check_value("/element/area_unit", element.area_unit, AREA_UNITS)


def _check_property_lease(draft: Draft, element: PropertyLease) -> Iterator[Violation]:
    yield from _check_present("06", element, "/element", ("place", "address", "area_unit"))
    yield from _check_value("/element/area_unit", element.area_unit, AREA_UNITS)
    if element.lease_to < element.lease_from:
        yield objection("element-dates-reversed", "/element/lease_to")


def _check_vehicle_tax(draft: Draft, element: VehicleTax) -> Iterator[Violation]:
    yield from _check_present("07", element, "/element", ("policy_no", "months"))
    if not (element.plate.strip() or element.vin.strip()):
        yield _about("07", "element-field-missing", "/element/plate", field="plate / vin")
    for field, amount_fen in (("tax_fen", element.tax_fen), ("late_fee_fen", element.late_fee_fen)):
        if amount_fen < 0:
            yield objection("element-amount-negative", f"/element/{field}", field=field)


def _check_toll(draft: Draft, element: Toll) -> Iterator[Violation]:
    yield from _check_present("08", element, "/element", ("plate",))
    first, last = element.passed_from, element.passed_to
    if first is not None and last is not None and last < first:
        yield objection("element-dates-reversed", "/element/passed_to")


def _check_passenger(draft: Draft, element: Passenger) -> Iterator[Violation]:
    if not element.travellers:
        path = "/element/travellers"
        yield _about("09", "element-rows-missing", path, field="travellers", count=1)
    for index, traveller in enumerate(element.travellers):
        path = f"/element/travellers/{index}"
        required = ["name", "id_kind", "id_number", "origin", "destination", "vehicle"]
        if traveller.vehicle in CLASSED_VEHICLES:
            required.append("seat_class")
        yield from _check_present("09", traveller, path, required)
        yield from _check_value(f"{path}/vehicle", traveller.vehicle, PASSENGER_VEHICLES)


def _check_motor_vehicle(draft: Draft, element: MotorVehicle) -> Iterator[Violation]:
    yield from _check_present("14", element, "/element", ("vin",))


def _check_used_vehicle(draft: Draft, element: UsedVehicle) -> Iterator[Violation]:
    yield from _check_present("15", element, "/element", ("vin",))


def _check_present(
    code: str, struct: msgspec.Struct, path: str, fields: Iterable[str]
) -> Iterator[Violation]:
    for field in fields:
        if not getattr(struct, field).strip():
            yield _about(code, "element-field-missing", f"{path}/{field}", field=field)


def _check_value(path: str, value: str, allowed: frozenset[str]) -> Iterator[Violation]:
    """An empty value is ``_check_present``'s business."""
    if value.strip() and value not in allowed:
        field = path.rpartition("/")[2]
        yield objection(
            "element-value-unknown", path, field=field, allowed=", ".join(sorted(allowed))
        )


def _about(code: str, rule: str, path: str, **facts: object) -> Violation:
    zh, en = ELEMENT_NAMES[code]
    return objection(rule, path, zh_element=zh, en_element=en, **facts)


_FIELDS: dict[type, Callable[[Draft, Any], Iterator[Violation]]] = {
    Construction: _check_construction,
    Freight: _check_freight,
    PropertySale: _check_property_sale,
    PropertyLease: _check_property_lease,
    VehicleTax: _check_vehicle_tax,
    Toll: _check_toll,
    Passenger: _check_passenger,
    MotorVehicle: _check_motor_vehicle,
    UsedVehicle: _check_used_vehicle,
}
