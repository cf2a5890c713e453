"""SpecificInformation: what a red letter and each trade add.

One table of names.  ``RedEInvoice`` and ``Toll`` are those of genuine files, as independent
readers of them agree; every other name is ours in the manner of the format and *unconfirmed*:
the canonical draft inside the evidence is what counts.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from kaipiao.delivery.renditions.einvoice.markup import leaf
from kaipiao.fiscal import element
from kaipiao.fiscal.draft import Draft, Reversal
from kaipiao.fiscal.element import Element
from kaipiao.fiscal.money import format_yuan


class Form(NamedTuple):
    """How one element is written: its name, and those of its fields in order."""

    name: str
    fields: tuple[tuple[str, str], ...] = ()  # ours, theirs
    rows: str = ""  # our field that holds rows: the element is then written once for each
    is_confirmed: bool = False


_PROPERTY = (
    ("place", "PropertyPlace"),
    ("address", "PropertyAddress"),
    ("area_unit", "AreaUnit"),
    ("cross_city", "CrossCityFlag"),
    ("certificate_no", "PropertyCertificateNumber"),
)

FORMS: Mapping[type[Element], Form] = {
    element.RefinedOil: Form("RefinedOil"),
    element.RareEarth: Form("RareEarth"),
    element.Construction: Form(
        "ConstructionService",
        (
            ("place", "PlaceOfService"),
            ("address", "DetailedAddress"),
            ("project", "ProjectName"),
            ("cross_city", "CrossCityFlag"),
            ("land_tax_no", "LandTaxProjectNumber"),
        ),
    ),
    element.Freight: Form(
        "FreightTransport",
        (
            ("vehicle", "TypeOfTransport"),
            ("plate", "PlateNumber"),
            ("origin", "PlaceOfDeparture"),
            ("destination", "Destination"),
            ("goods", "NameOfGoods"),
        ),
        rows="trips",
    ),
    element.PropertySale: Form(
        "PropertySale",
        (*_PROPERTY, ("contract_no", "ContractNumber"), ("land_tax_no", "LandTaxProjectNumber")),
    ),
    element.PropertyLease: Form(
        "PropertyLease", (*_PROPERTY, ("lease_from", "LeaseFrom"), ("lease_to", "LeaseTo"))
    ),
    element.VehicleTax: Form(
        "VehicleTax",
        (
            ("policy_no", "PolicyNumber"),
            ("plate", "PlateNumber"),
            ("vin", "VehicleIdentificationNumber"),
            ("months", "TaxPeriod"),
            ("tax_fen", "TaxAmount"),
            ("late_fee_fen", "LateFee"),
        ),
    ),
    element.Toll: Form(
        "Toll",
        (
            ("plate", "PlateNumber"),
            ("vehicle", "VehicleType"),
            ("passed_from", "StartDatesOfPassage"),
            ("passed_to", "EndDatesOfPassage"),
        ),
        is_confirmed=True,
    ),
    element.Passenger: Form(
        "PassengerTransport",
        (
            ("name", "Traveller"),
            ("id_kind", "IdType"),
            ("id_number", "IdNumber"),
            ("travelled_on", "TravelDate"),
            ("origin", "PlaceOfDeparture"),
            ("destination", "Destination"),
            ("vehicle", "TypeOfTransport"),
            ("seat_class", "SeatClass"),
        ),
        rows="travellers",
    ),
    element.Inpatient: Form("Inpatient"),
    element.Outpatient: Form("Outpatient"),
    element.OwnProduce: Form("OwnProduce"),
    element.Tractor: Form("Tractor"),
    element.MotorVehicle: Form(
        "MotorVehicle",
        (
            ("vin", "VehicleIdentificationNumber"),
            ("vehicle", "VehicleType"),
            ("model", "BrandModel"),
            ("origin", "PlaceOfOrigin"),
            ("certificate_no", "CertificateNumber"),
            ("import_no", "ImportCertificateNumber"),
            ("inspection_no", "InspectionNumber"),
            ("engine_no", "EngineNumber"),
            ("tonnage", "Tonnage"),
            ("seats", "SeatCapacity"),
        ),
    ),
    element.UsedVehicle: Form(
        "UsedVehicle",
        (
            ("vin", "VehicleIdentificationNumber"),
            ("plate", "PlateNumber"),
            ("registration_no", "RegistrationNumber"),
            ("vehicle", "VehicleType"),
            ("model", "BrandModel"),
            ("moved_to", "NewVehicleOffice"),
        ),
    ),
    element.ProducePurchase: Form("ProducePurchase"),
    element.SolarPurchase: Form("SolarPurchase"),
    element.Cigarettes: Form("Cigarettes"),
    element.Export: Form("Export"),
}
"""Complete: a test compares it with every element and every field there is."""

_RED = Form(
    "RedEInvoice",
    (("original", "OriginalInvoiceCode"), ("confirmation", "CreditNoteNumber")),
    is_confirmed=True,
)


def compose_specific(draft: Draft) -> str:
    inside = _compose(_RED, draft.reversal) if draft.reversal else ""
    if draft.element is not None:
        inside += _compose(FORMS[type(draft.element)], draft.element)
    if not inside:
        return "    <SpecificInformation/>\n"
    return f"    <SpecificInformation>\n{inside}    </SpecificInformation>\n"


def _compose(form: Form, value: Element | Reversal) -> str:
    rows: tuple[msgspec.Struct, ...] = getattr(value, form.rows) if form.rows else (value,)
    return "".join(_row(form, row) for row in rows)


def _row(form: Form, row: msgspec.Struct) -> str:
    fields = "".join(f"  {line}" for own, name in form.fields if (line := _field(row, own, name)))
    name = form.name
    return f"      <{name}>\n{fields}      </{name}>\n" if fields else f"      <{name}/>\n"


def _field(row: msgspec.Struct, own: str, name: str) -> str:
    value: Any = getattr(row, own)
    if own.endswith("_fen"):
        return leaf(name, format_yuan(value) if value else "")
    return leaf(name, _TEXTS.get(type(value), str)(value))


_TEXTS: Mapping[type, Callable[[Any], str]] = {
    bool: lambda flag: "Y" if flag else "N",
    date: date.isoformat,
    datetime: datetime.isoformat,
    type(None): lambda _: "",
}
