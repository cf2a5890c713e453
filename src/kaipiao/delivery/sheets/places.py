"""Where on a sheet a draft's field came from, so that the law's objections name a cell.

``/lines/2/net_fen`` means nothing to whoever typed the sheet; ``2-发票明细信息!H9 金额`` does.
"""

from collections.abc import Mapping

import msgspec

from kaipiao.delivery.sheets.cells import Row
from kaipiao.delivery.sheets.draft import Origin
from kaipiao.delivery.sheets.elements import TRADES
from kaipiao.delivery.sheets.layout import KEY
from kaipiao.fiscal.violation import Violation

_HEADER: Mapping[str, str] = {
    "/kind": "发票类型",
    "/buyer": "购买方名称",
    "/buyer/name": "购买方名称",
    "/buyer/taxpayer_id": "购买方纳税人识别号",
    "/buyer/address": "购买方地址",
    "/buyer/telephone": "购买方电话",
    "/buyer/bank": "购买方开户银行",
    "/buyer/account": "购买方银行账号",
    "/buyer/natural_person": "受票方自然人标识",
    "/seller": "销售方名称",
    "/seller/name": "销售方名称",
    "/seller/taxpayer_id": "销售方纳税人识别号",
    "/seller/bank": "销售方开户行",
    "/seller/account": "销售方银行账号",
    "/issuer": "开票人",
    "/payee": "收款人",
    "/reviewer": "复核人",
    "/remark": "备注",
    "/scheme": "销售方类型",
    "/element": "特定业务类型",
}
_LINE: Mapping[str, str] = {
    "": "金额",
    "name": "项目名称",
    "tax_class": "商品和服务税收编码",
    "rate_bp": "税率",
    "net_fen": "金额",
    "gross_fen": "金额",
    "tax_fen": "税率",
    "spec": "规格型号",
    "unit": "单位",
    "quantity": "数量",
    "unit_price": "单价",
    "nature": "折扣金额",
    "treatment": "优惠政策类型",
    "deduction_fen": "金额",
}


def locate(violation: Violation, origin: Origin) -> Violation:
    """The same objection, at its cell: row and heading in ``path``, the cell in the texts."""
    row, heading = _place(violation.path, origin)
    place = row.place(heading)
    return msgspec.structs.replace(
        violation,
        path=row.path(heading),
        zh=f"{place}: {violation.zh}",
        en=f"{place}: {violation.en}",
    )


def _place(path: str, origin: Origin) -> tuple[Row, str]:
    _, *parts = path.split("/")
    match parts:
        case ["lines", index, *rest] if index.isdigit():
            return _line(int(index), "/".join(rest), origin)
        case ["element", *rest]:
            return _element(rest, origin)
    return origin.basic, _HEADER.get(path, KEY)


def _line(index: int, field: str, origin: Origin) -> tuple[Row, str]:
    """A row with a discount is two lines of the draft."""
    lines = [
        (row, is_discount)
        for row in origin.details
        for is_discount in ((False, True) if row.amount("折扣金额") else (False,))
    ]
    if index >= len(lines):
        return origin.basic, KEY
    row, is_discount = lines[index]
    return row, "折扣金额" if is_discount else _LINE.get(field, "项目名称")


def _element(rest: list[str], origin: Origin) -> tuple[Row, str]:
    trade = TRADES.get(origin.basic.text("特定业务类型"))
    table = len(rest) > 1 and rest[1].isdigit()
    index, field = (int(rest[1]), rest[2:3]) if table else (0, rest[:1])
    if trade is None or index >= len(origin.elements) or not field:
        return origin.basic, "特定业务类型"
    headings = {name: heading for heading, name in trade.fields.items()}
    return origin.elements[index], headings.get(field[0], KEY)
