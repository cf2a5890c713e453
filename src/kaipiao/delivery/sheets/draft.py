"""One row of 基本信息 and its lines as a draft; what cannot be read is a fault of its row."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from kaipiao.delivery.readers.figures import treatment_of
from kaipiao.delivery.sheets.cells import Row
from kaipiao.delivery.sheets.elements import element_of
from kaipiao.fiscal.draft import Draft, Kind, Line, Party, Scheme

_KINDS: Mapping[str, Kind] = {
    "增值税专用发票": "special",
    "专用发票": "special",
    "专票": "special",
    "普通发票": "ordinary",
    "增值税普通发票": "ordinary",
    "普票": "ordinary",
}
_SCHEMES: Mapping[str, Scheme] = {"一般纳税人": "general", "小规模纳税人": "small_scale"}


class Defaults(NamedTuple):
    """What the sheet may leave out because the whole file shares it."""

    seller: Party | None = None
    issuer: str = ""
    scheme: Scheme = "general"


class Origin(NamedTuple):
    """The rows of one invoice: its own, its lines' (one or more), and its element's."""

    basic: Row
    details: Sequence[Row]
    elements: Sequence[Row] = ()


def draft_of(origin: Origin, defaults: Defaults) -> Draft:
    """The draft as far as it can be read; it counts only if no row has a fault."""
    row, details, elements = origin
    gross = row.answer("是否含税")
    return Draft(
        kind=_kind(row),
        seller=_seller(row, defaults.seller),
        buyer=_buyer(row),
        lines=tuple(line for detail in details for line in _lines(detail, gross=gross)),
        issuer=row.words("开票人") or defaults.issuer or row.needed("开票人"),
        payee=row.words("收款人"),
        reviewer=row.words("复核人"),
        remark=row.words("备注"),
        scheme=_scheme(row, defaults.scheme),
        element=element_of(row, elements),
    )


def _kind(row: Row) -> Kind:
    text = row.needed("发票类型")
    if text and text not in _KINDS:
        row.fault(
            "发票类型",
            "sheet-kind-unknown",
            zh=f"发票类型 {text[:40]} 无法识别。请填写 增值税专用发票 或 普通发票",
            en=f"{text[:40]} is no kind of invoice. Write 增值税专用发票 or 普通发票",
        )
    return _KINDS.get(text, "ordinary")


def _scheme(row: Row, default: Scheme) -> Scheme:
    text = row.text("销售方类型")
    if text and text not in _SCHEMES:
        row.fault(
            "销售方类型",
            "sheet-scheme-unknown",
            zh="请填写 一般纳税人 或 小规模纳税人",
            en="is 一般纳税人 or 小规模纳税人",
        )
    return _SCHEMES.get(text, default)


def _seller(row: Row, default: Party | None) -> Party:
    """From the row's own columns, filled up from the file's seller if it is the same one."""
    name, taxpayer_id = row.words("销售方名称"), row.words("销售方纳税人识别号")
    bank, account = row.words("销售方开户行"), row.words("销售方银行账号")
    if default is not None and taxpayer_id in ("", default.taxpayer_id):
        return Party(
            name=name or default.name,
            taxpayer_id=default.taxpayer_id,
            address=default.address,
            telephone=default.telephone,
            bank=bank or default.bank,
            account=account or default.account,
        )
    return Party(
        name=name or row.needed("销售方名称"),
        taxpayer_id=taxpayer_id or row.needed("销售方纳税人识别号"),
        bank=bank,
        account=account,
    )


def _buyer(row: Row) -> Party:
    return Party(
        name=row.needed("购买方名称"),
        taxpayer_id=row.words("购买方纳税人识别号"),
        address=row.words("购买方地址"),
        telephone=row.words("购买方电话"),
        bank=row.words("购买方开户银行"),
        account=row.words("购买方银行账号"),
        natural_person=row.answer("受票方自然人标识", default=False),
    )


def _lines(row: Row, *, gross: bool) -> list[Line]:
    """The line of one detail row, and its discount line if it has one."""
    row.needed("金额")
    amount, discount = row.amount("金额") or 0, abs(row.amount("折扣金额") or 0)
    policy = row.text("优惠政策类型") if row.answer("是否使用优惠政策", default=False) else ""
    rate_bp, treatment = row.rate("税率")
    sold = Line(
        name=_name(row),
        tax_class=row.needed("商品和服务税收编码"),
        rate_bp=rate_bp,
        net_fen=None if gross else amount,
        gross_fen=amount if gross else None,
        spec=row.words("规格型号"),
        unit=row.words("单位"),
        quantity=row.decimal("数量"),
        unit_price=row.decimal("单价"),
        nature="discounted" if discount else "normal",
        treatment=treatment if treatment != "taxed" else treatment_of(policy),
    )
    return [sold, _discount(sold, discount, gross=gross)] if discount else [sold]


def _discount(sold: Line, discount: int, *, gross: bool) -> Line:
    return Line(
        name=sold.name,
        tax_class=sold.tax_class,
        rate_bp=sold.rate_bp,
        net_fen=None if gross else -discount,
        gross_fen=-discount if gross else None,
        nature="discount",
        treatment=sold.treatment,
    )


def _name(row: Row) -> str:
    """项目名称, with its short category in front if that stands in a column of its own."""
    name, short = row.needed("项目名称"), row.words("商品和服务分类简称").strip("*")
    return f"*{short}*{name}" if short and not name.startswith("*") else name
