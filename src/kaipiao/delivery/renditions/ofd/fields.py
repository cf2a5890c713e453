"""What each field of a face is called in the custom tags.

The face names its fields ``buyer.name``, ``totals.net`` or, in tables, ``row.7.金额``: the row's
index among all rows of the document, and the title of its column.
"""

from collections.abc import Iterator, Mapping

from kaipiao.delivery.renditions.face.parts import Face, Row, Table
from kaipiao.delivery.renditions.face.tables import STARS

NAMES: Mapping[str, str] = {
    "title": "InvoiceTitle",
    "number": "InvoiceNo",
    "issued_on": "IssueDate",
    "buyer.name": "Buyer/BuyerName",
    "buyer.taxpayer_id": "Buyer/BuyerTaxID",
    "seller.name": "Seller/SellerName",
    "seller.taxpayer_id": "Seller/SellerTaxID",
    "totals.net": "TaxExclusiveTotalAmount",
    "totals.tax": "TaxTotalAmount",
    "gross": "TaxInclusiveTotalAmount",
    "words": "TaxInclusiveTotalAmountWithWords",
    "remark": "Note",
    "issuer": "InvoiceClerk",
}
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "GoodsInfos/GoodsInfo": {
        "项目名称": "Item",
        "规格型号": "Specification",
        "单位": "MeasurementDimension",
        "面积单位": "MeasurementDimension",
        "数量": "Quantity",
        "单价": "Price",
        "金额": "Amount",
        "税率/征收率": "TaxScheme",
        "税额": "TaxAmount",
        "建筑服务发生地": "ConstructionPlace",
        "建筑项目名称": "ConstructionProject",
        "产权证书/不动产权证号": "PropertyCertificate",
    },
    "Trips/Trip": {
        "运输工具种类": "VehicleType",
        "运输工具牌号": "VehiclePlate",
        "起运地": "Origin",
        "到达地": "Destination",
        "运输货物名称": "Goods",
    },
    "Travellers/Traveller": {
        "出行人": "TravellerName",
        "有效身份证件": "IdDocument",
        "出行日期": "TravelDate",
        "出发地": "Origin",
        "到达地": "Destination",
        "等级": "SeatClass",
        "交通工具类型": "VehicleType",
    },
}
_REMARK = "备注"
_AMOUNTS = frozenset({"TaxTotalAmount", "TaxAmount"})


class FieldNames:
    """The names for one face: knows which row of which table every row is."""

    def __init__(self, face: Face) -> None:
        self._rows = tuple(_rows(face))
        self._has_long_remark = any(kind == _REMARK for kind, _ in self._rows)

    def of(self, field: str, text: str) -> str:
        """The path of the field's element; empty for what no tag shall point at.

        That is an amount hidden behind stars, which is no amount; and the pointer to a
        remark that stands elsewhere.
        """
        name = self._of_row(field) if field.startswith("row.") else _of_page(field)
        if text == STARS and name.rpartition("/")[2] in _AMOUNTS:
            return ""
        return "" if field == "remark" and self._has_long_remark else name

    def _of_row(self, field: str) -> str:
        _, index, title = field.split(".", 2)
        kind, count = self._rows[int(index)]
        return NAMES["remark"] if kind == _REMARK else f"{kind}.{count}/{_COLUMNS[kind][title]}"


def _of_page(field: str) -> str:
    tag, _, count = field.partition(".")
    return f"Marks/Mark.{count}" if tag == "tag" else NAMES[field]


def _rows(face: Face) -> Iterator[tuple[str, int]]:
    """Each row's kind and its count among its kind; a row that only goes on counts as the last."""
    counts: dict[str, int] = {}
    for page in face.pages:
        for table in page.tables:
            kind = _kind_of(table)
            for row in table.rows:
                counts[kind] = counts.get(kind, -1) + (not _goes_on(table, row))
                yield kind, counts[kind]


def _kind_of(table: Table) -> str:
    titles = {column.title for column in table.columns}
    kinds = (kind for kind, names in _COLUMNS.items() if titles <= set(names))
    return next(kinds, _REMARK)


def _goes_on(table: Table, row: Row) -> bool:
    """Every line of an invoice has an amount, every other row its first cell."""
    title = "金额" if table.is_items else table.columns[0].title
    cells = dict(zip((column.title for column in table.columns), row.cells, strict=True))
    return cells[title] == ("",)
