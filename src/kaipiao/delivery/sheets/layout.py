"""The sheets of a batch (批量开票): which columns there are, and what each is for.

The headings are those of the tax bureau's own import template (two sheets, the notes in the
first row, the headings in the third, joined by 发票流水号), so a file made for it is read as
it is.  Columns are found by heading, in any order.  Four of ours may be added; columns that do
not change the invoice are passed over; any other that is filled in is a fault, because a
misspelt heading would otherwise silently change what is issued.

A third sheet, 特定业务信息, holds what some trades must add; its headings are ours, after what
such invoices print.  All three may also stand side by side in one table, which is what a CSV
is: one row a line, and the rows of one invoice share its 发票流水号.
"""

from collections.abc import Mapping
from typing import NamedTuple

BASIC, DETAIL, ELEMENT = "1-发票基本信息", "2-发票明细信息", "3-特定业务信息"
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

ELEMENT_COLUMNS = (
    Column(KEY, "必填\n(与基本信息相同)"),
    Column("建筑服务发生地", "建筑服务"),
    Column("建筑项目名称", "建筑服务"),
    Column("不动产地址", "不动产"),
    Column("详细地址", "建筑服务、不动产"),
    Column("跨地(市)标志", "建筑服务、不动产\n(是/否)"),
    Column("土地增值税项目编号", "建筑服务、不动产销售"),
    Column("面积单位", "不动产"),
    Column("租赁期起", "不动产租赁\n(2026-11-01)"),
    Column("租赁期止", "不动产租赁\n(2026-11-30)"),
    Column("产权证书号", "不动产"),
    Column("不动产单元代码", "不动产销售"),
    Column("起运地", "货物运输\n(每行一程)"),
    Column("到达地", "货物运输、旅客运输"),
    Column("运输工具种类", "货物运输"),
    Column("运输工具牌号", "货物运输"),
    Column("运输货物名称", "货物运输"),
    Column("出行人", "旅客运输\n(每行一人一程)"),
    Column("有效身份证件类型", "旅客运输"),
    Column("有效身份证件号", "旅客运输"),
    Column("出行日期", "旅客运输\n(2026-11-01)"),
    Column("出发地", "旅客运输"),
    Column("交通工具类型", "旅客运输"),
    Column("等级", "旅客运输"),
    Column("保险单号", "代收车船税"),
    Column("车牌号", "车船税、通行费、二手车"),
    Column("车架号", "车船税、机动车、二手车"),
    Column("税款所属期", "代收车船税"),
    Column("代收车船税金额", "代收车船税"),
    Column("滞纳金金额", "代收车船税"),
    Column("车辆类型", "通行费、机动车、二手车"),
    Column("通行日期起", "通行费"),
    Column("通行日期止", "通行费"),
    Column("厂牌型号", "机动车、二手车"),
    Column("产地", "机动车"),
    Column("合格证号", "机动车"),
    Column("进口证明书号", "机动车"),
    Column("商检单号", "机动车"),
    Column("发动机号码", "机动车"),
    Column("吨位", "机动车"),
    Column("限乘人数", "机动车"),
    Column("登记证号", "二手车"),
    Column("转入地车辆管理所名称", "二手车"),
)

RESULT_HEADINGS = ("结果", "发票号码", "开票时间", "问题", "Problem")
"""What a sheet that is given back says beside each invoice; on the way in it is passed over."""


class Layout(NamedTuple):
    """One table: how its sheet is called, and which headings it knows and must have."""

    tab: str
    known: frozenset[str]
    required: tuple[str, ...]


def _known(*tables: tuple[Column, ...]) -> frozenset[str]:
    return frozenset(column.heading for columns in tables for column in columns)


BASIC_LAYOUT = Layout(
    "基本信息", _known(BASIC_COLUMNS), (KEY, "发票类型", "是否含税", "购买方名称")
)
DETAIL_LAYOUT = Layout(
    "明细", _known(DETAIL_COLUMNS), (KEY, "项目名称", "商品和服务税收编码", "金额", "税率")
)
ELEMENT_LAYOUT = Layout("特定业务", _known(ELEMENT_COLUMNS), (KEY,))
FLAT_LAYOUT = Layout(
    "",
    BASIC_LAYOUT.known | DETAIL_LAYOUT.known | ELEMENT_LAYOUT.known,
    (*BASIC_LAYOUT.required, *DETAIL_LAYOUT.required[1:]),
)
PASSED_OVER = frozenset(
    {
        *RESULT_HEADINGS,
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
    "跨地市标志": "跨地(市)标志",
    "产权证书/不动产权证号": "产权证书号",
    "不动产单元代码/网签合同备案编号": "不动产单元代码",
    "车辆识别代码/车架号": "车架号",
    "车辆识别代号/车架号码": "车架号",
    "车架号/车辆识别代码": "车架号",
    "车牌照号": "车牌号",
}


def heading_of(cell: object) -> str:
    """The heading a cell stands for: spaces, line breaks and ``*`` marks do not count."""
    bare = "".join(str(cell).split()).strip("*＊").replace("（", "(").replace("）", ")")
    return ALIASES.get(bare, bare)
