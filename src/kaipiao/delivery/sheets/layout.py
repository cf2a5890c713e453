"""The sheets of a batch (批量开票): which columns there are, and what each is for.

The headings are those of the tax bureau's own import template (two sheets, the notes in the
first row, the headings in the third, joined by 发票流水号), so a file made for it is read as
it is.  Columns are found by heading, in any order.  Four of ours may be added; columns that do
not change the invoice are passed over; any other that is filled in is a fault, because a
misspelt heading would otherwise silently change what is issued.
"""

from collections.abc import Mapping
from typing import NamedTuple

BASIC, DETAIL = "1-发票基本信息", "2-发票明细信息"
KEY = "发票流水号"


class Column(NamedTuple):
    """A heading, what the template says above it, and one example."""

    heading: str
    note: str
    example: str = ""


BASIC_COLUMNS = (
    Column(KEY, "必填\n(限20字符)", "EXAMPLE-1"),
    Column("发票类型", "必填\n(增值税专用发票/普通发票)", "普通发票"),
    Column("特定业务类型", "非必填"),
    Column("是否含税", "必填(是/否)", "是"),
    Column("受票方自然人标识", "非必填(是/否)", "否"),
    Column("购买方名称", "必填\n(限100字符)", "{buyer.name}"),
    Column("购买方纳税人识别号", "专票必填\n(限20字符)", "{buyer.taxpayer_id}"),
    Column("购买方地址", "非必填"),
    Column("购买方电话", "非必填"),
    Column("购买方开户银行", "非必填"),
    Column("购买方银行账号", "非必填"),
    Column("备注", "非必填\n(限230字符)", "填写示例, 请改为您的业务"),
    Column("销售方开户行", "非必填"),
    Column("销售方银行账号", "非必填"),
    Column("收款人", "非必填"),
    Column("复核人", "非必填"),
    Column("开票人", "命令未给出时必填", "{issuer}"),
    Column("销售方名称", "命令未给出时必填", "{seller.name}"),
    Column("销售方纳税人识别号", "命令未给出时必填", "{seller.taxpayer_id}"),
    Column("销售方类型", "非必填\n(一般纳税人/小规模纳税人)", "一般纳税人"),
)
DETAIL_COLUMNS = (
    Column(KEY, "必填\n(限20字符)", "EXAMPLE-1"),
    Column("项目名称", "必填\n(限100字符)", "*信息技术服务*软件维护"),
    Column("商品和服务税收编码", "必填\n(19位数字)", "3040203000000000000"),
    Column("规格型号", "非必填"),
    Column("单位", "非必填", "次"),
    Column("数量", "非必填\n(与单价同填)", "1"),
    Column("单价", "非必填\n(与数量同填)", "1060"),
    Column("金额", "必填\n(至多2位小数)", "1060.00"),
    Column("税率", "必填\n(如 0.13 或 13%)", "0.06"),
    Column("折扣金额", "非必填\n(至多2位小数)", "60.00"),
    Column("是否使用优惠政策", "非必填(是/否)"),
    Column("优惠政策类型", "非必填\n(如 免税、不征税)"),
    Column("商品和服务分类简称", "非必填\n(项目名称未带 *简称* 时填)"),
)

REQUIRED: Mapping[str, tuple[str, ...]] = {
    BASIC: (KEY, "发票类型", "是否含税", "购买方名称"),
    DETAIL: (KEY, "项目名称", "商品和服务税收编码", "金额", "税率"),
}
KNOWN: Mapping[str, frozenset[str]] = {
    BASIC: frozenset(column.heading for column in BASIC_COLUMNS),
    DETAIL: frozenset(column.heading for column in DETAIL_COLUMNS),
}
PASSED_OVER = frozenset(
    {
        "购买方证件类型",
        "购买方证件号码",
        "证件类型",
        "购买方国籍(或地区)",
        "购买方邮箱",
        "购买方经办人姓名",
        "购买方经办人证件类型",
        "购买方经办人证件号码",
        "经办人国籍(地区)",
        "经办人自然人纳税人识别号",
        "是否展示购买方银行账号",
        "是否展示销售方银行账号",
        "是否展示购买方地址电话银行账号",
        "是否展示销售方地址电话银行账号",
        "序号",
    }
)
ALIASES: Mapping[str, str] = {
    "购买方税号": "购买方纳税人识别号",
    "购买方开户银行账户": "购买方银行账号",
    "购买电话": "购买方电话",
    "销售方税号": "销售方纳税人识别号",
    "商品和服务税收分类编码": "商品和服务税收编码",
    "税率/征收率": "税率",
}


def heading_of(cell: object) -> str:
    """The heading a cell stands for: spaces, line breaks and ``*`` marks do not count."""
    bare = "".join(str(cell).split()).strip("*＊").replace("（", "(").replace("）", ")")
    return ALIASES.get(bare, bare)
