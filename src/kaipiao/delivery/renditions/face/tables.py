"""The tables of a face: the invoice's lines, and the rows that some trades add.

Construction and real estate print other columns than the rest, as their real invoices do.
"""

from kaipiao.delivery.renditions.face import paper
from kaipiao.delivery.renditions.face.measure import width_mm, wrap
from kaipiao.delivery.renditions.face.parts import Column, Row, Table
from kaipiao.fiscal.draft import Draft, Line
from kaipiao.fiscal.element import (
    Construction,
    Element,
    Freight,
    Passenger,
    PropertyLease,
    PropertySale,
)
from kaipiao.fiscal.invoice import Amounts, Invoice
from kaipiao.fiscal.money import format_yuan
from kaipiao.fiscal.price import net_unit_price
from kaipiao.regimes.cn.rates import format_rate

_NAME = Column(title="项目名称", width_mm=46.0)
_MONEY = (
    Column(title="金额", width_mm=26.0, align="right"),
    Column(title="税率/征收率", width_mm=20.0, align="center"),
    Column(title="税额", width_mm=22.0, align="right"),
)
_GOODS = (
    _NAME,
    Column(title="规格型号", width_mm=22.0),
    Column(title="单位", width_mm=12.0, align="center"),
    Column(title="数量", width_mm=19.0, align="right"),
    Column(title="单价", width_mm=31.0, align="right"),
    *_MONEY,
)
_CONSTRUCTION = (
    _NAME,
    Column(title="建筑服务发生地", width_mm=42.0),
    Column(title="建筑项目名称", width_mm=42.0),
    *_MONEY,
)
_PROPERTY = (
    Column(title="项目名称", width_mm=36.0),
    Column(title="产权证书/不动产权证号", width_mm=34.0),
    Column(title="面积单位", width_mm=14.0, align="center"),
    Column(title="数量", width_mm=15.0, align="right"),
    Column(title="单价", width_mm=31.0, align="right"),
    *_MONEY,
)
_TRIPS = (
    Column(title="运输工具种类", width_mm=30.0),
    Column(title="运输工具牌号", width_mm=36.0),
    Column(title="起运地", width_mm=42.0),
    Column(title="到达地", width_mm=42.0),
    Column(title="运输货物名称", width_mm=48.0),
)
_TRAVELLERS = (
    Column(title="出行人", width_mm=22.0),
    Column(title="有效身份证件", width_mm=52.0),
    Column(title="出行日期", width_mm=24.0, align="center"),
    Column(title="出发地", width_mm=32.0),
    Column(title="到达地", width_mm=32.0),
    Column(title="等级", width_mm=14.0, align="center"),
    Column(title="交通工具类型", width_mm=22.0, align="center"),
)
_REMARK = (Column(title="备注", width_mm=198.0),)

STARS = "***"
_UNTAXED = {"exempt": "免税", "untaxed": "不征税", "zero_rated": "0%"}


def compose_tables(invoice: Invoice, long_remark: tuple[str, ...]) -> tuple[Table, ...]:
    """The lines, then the trade's own rows, then a remark too long for its box."""
    draft = invoice.draft
    columns = _columns_of(draft.element)
    rows = [
        _item(columns, draft, line, own)
        for line, own in zip(draft.lines, invoice.lines, strict=True)
    ]
    tables = [Table(columns=columns, rows=tuple(rows), is_items=True)]
    columns, texts = _element_rows(draft.element)
    tables.append(Table(columns=columns, rows=tuple(_row(columns, row) for row in texts)))
    remark = tuple(Row(cells=((line,),)) for line in long_remark)
    tables.append(Table(columns=_REMARK, rows=remark))
    return tuple(table for table in tables if table.rows)


def rate_text(draft: Draft, line: Line) -> str:
    """13%, 免税, 不征税, 0%; *** where a deduction hides the rate (差额开票)."""
    if line.treatment != "taxed":
        return _UNTAXED[line.treatment]
    return STARS if draft.margin == "difference" else format_rate(line.rate_bp)


def is_starred(line: Line) -> bool:
    """Whether the tax is printed as ***: exempt and untaxed, but not zero-rated."""
    return line.treatment in ("exempt", "untaxed")


def _columns_of(element: Element | None) -> tuple[Column, ...]:
    if isinstance(element, Construction):
        return _CONSTRUCTION
    return _PROPERTY if isinstance(element, PropertySale | PropertyLease) else _GOODS


def _item(columns: tuple[Column, ...], draft: Draft, line: Line, own: Amounts) -> Row:
    texts = (
        line.name,
        *_middle(draft.element, line, own),
        format_yuan(own.net_fen),
        rate_text(draft, line),
        STARS if is_starred(line) else format_yuan(own.tax_fen),
    )
    cells = _row(columns, texts).cells
    return Row(cells=cells, net_fen=own.net_fen, tax_fen=own.tax_fen)


def _middle(element: Element | None, line: Line, own: Amounts) -> tuple[str, ...]:
    """What stands between the name and the amount."""
    if isinstance(element, Construction):
        return element.place + element.address, element.project
    quantity, price = line.quantity, net_unit_price(line, own.net_fen)
    if isinstance(element, PropertySale | PropertyLease):
        return element.certificate_no, element.area_unit, quantity, price
    return line.spec, line.unit, quantity, price


def _element_rows(element: Element | None) -> tuple[tuple[Column, ...], list[tuple[str, ...]]]:
    if isinstance(element, Freight):
        return _TRIPS, [
            (t.vehicle, t.plate, t.origin, t.destination, t.goods) for t in element.trips
        ]
    if isinstance(element, Passenger):
        return _TRAVELLERS, [
            (
                one.name,
                f"{one.id_kind} {one.id_number}",
                one.travelled_on.isoformat(),
                one.origin,
                one.destination,
                one.seat_class,
                one.vehicle,
            )
            for one in element.travellers
        ]
    return (), []


def _row(columns: tuple[Column, ...], texts: tuple[str, ...]) -> Row:
    cells = [_cell(column, text) for column, text in zip(columns, texts, strict=True)]
    return Row(cells=tuple(cells))


def _cell(column: Column, text: str) -> tuple[str, ...]:
    """The lines of one cell.  A number is set smaller rather than broken, as far as it is read."""
    room = column.width_mm - 2 * paper.PADDING
    if column.align == "right" and width_mm(text, paper.NUMBER_MIN_SIZE) <= room:
        return (text,)
    return wrap(text, room, paper.BODY_SIZE)
