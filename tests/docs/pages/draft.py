"""The format of a draft: every field, read from the structs and the limits themselves."""

from collections.abc import Iterator

import msgspec
from msgspec.inspect import (
    BoolType,
    DateType,
    Field,
    IntType,
    LiteralType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)

from kaipiao.fiscal.draft import Draft, Line, Party
from kaipiao.fiscal.element import Element
from kaipiao.regimes.cn.elements import ELEMENT_NAMES
from kaipiao.regimes.cn.limits import ELEMENT_TEXT_MAX, HEADER_TEXTS, LINE_TEXTS, LINES_MAX
from tests.docs.markdown import row

INTRO = """\
# The draft

What is sent to be issued: one JSON object, or one line of NDJSON. Money is whole fen (100 fen = 1
yuan), rates are whole basis points (1300 = 13 %), quantities and prices are text with up to 13
decimals. A field that is not in these tables is refused. Examples: [examples](../../examples).

一张待开发票是一个 JSON 对象, 或 NDJSON 的一行。金额为整数, 单位分; 税率单位为万分之一
(1300 = 13 %); 数量和单价为文本, 最多 13 位小数。表中没有的字段一律拒绝。
示例见 [examples](../../examples)。

"""

HEAD = "| field | 中文 | English | type | required |\n|---|---|---|---|---|\n"

ELEMENTS = f"""
## Special-business elements (特定要素)

`element` is an object whose `code` says which it is. Texts are at most {ELEMENT_TEXT_MAX}
characters. *Required* is what the format asks; what the rules ask besides is in
[rules](rules.md), under `element-…`.

| code | 中文 | English | fields |
|---|---|---|---|
"""

WORDS: dict[str, tuple[str, str]] = {
    "kind": ("票种: 专票 special, 普票 ordinary", "the kind of invoice"),
    "seller": ("销方", "who sells"),
    "buyer": ("购方; 专票须有识别号", "who buys; a special invoice needs the id"),
    "name": ("名称", "name"),
    "taxpayer_id": ("纳税人识别号", "taxpayer id, with a right check character"),
    "address": ("地址", "address"),
    "telephone": ("电话", "telephone"),
    "bank": ("开户银行", "bank"),
    "account": ("银行账号", "account"),
    "natural_person": ("自然人标志", "whether it is a natural person"),
    "lines": (f"明细, 含折扣行最多 {LINES_MAX} 行", f"1 to {LINES_MAX} lines, with discounts"),
    "lines[].name": ("项目名称: `*简称*名称`", "item name: `*category*item`"),
    "lines[].tax_class": ("税收分类编码, 19 位数字", "tax class, nineteen digits"),
    "lines[].rate_bp": ("税率; 零税率、免税、不征税填 0", "the rate; 0 if nothing is owed"),
    "lines[].net_fen": (
        "不含税金额; 与含税金额至少填一项",
        "amount without tax; or gross_fen",
    ),
    "lines[].gross_fen": ("含税金额", "amount with tax"),
    "lines[].tax_fen": ("税额; 不填则由系统计算", "tax; computed if left out"),
    "lines[].spec": ("规格型号", "specification"),
    "lines[].unit": ("单位", "unit"),
    "lines[].quantity": ("数量, 与单价同时填写", "quantity, together with unit_price"),
    "lines[].unit_price": (
        "单价; 填 net_fen 时不含税, 否则含税",
        "price; without tax if net_fen is given, else with tax",
    ),
    "lines[].nature": (
        "发票行性质: 普通行, 折扣行 (紧跟被折扣行, 金额为负), 被折扣行",
        "normal, discount (negative, right after its line), discounted",
    ),
    "lines[].treatment": (
        "应税, 零税率, 免税, 不征税",
        "taxed, or why nothing is owed",
    ),
    "lines[].deduction_fen": ("扣除额, 仅用于差额开票", "deduction, only with margin = difference"),
    "issuer": ("开票人", "who issues"),
    "payee": ("收款人", "who is paid"),
    "reviewer": ("复核人", "who reviewed"),
    "remark": ("备注", "remark"),
    "scheme": ("一般纳税人, 小规模纳税人", "the seller's scheme"),
    "margin": ("差额征税: 不适用, 全额开票, 差额开票", "margin scheme"),
    "element": ("特定要素, 见下表", "special-business element, below"),
    "reversal": (
        "不可填写: 红字发票由冲红接口生成",
        "never sent: the red-letter call composes it",
    ),
}


def render() -> str:
    return INTRO + field_table() + ELEMENTS + "".join(map(element_row, element_types()))


def field_table() -> str:
    """Every field of a draft, its parties and its lines."""
    return HEAD + "".join(field_rows())


def field_rows() -> Iterator[str]:
    for field in struct_of(Draft).fields:
        yield field_row(field.encode_name, field.encode_name, field)
        if field.name in ("seller", "buyer"):
            for inner in struct_of(Party).fields:
                yield field_row(f"{field.name}.{inner.name}", inner.name, inner)
        if field.name == "lines":
            for inner in struct_of(Line).fields:
                yield field_row(f"lines[].{inner.name}", f"lines[].{inner.name}", inner)


def field_row(path: str, word: str, field: Field) -> str:
    zh, en = WORDS[word]
    limit = text_limits().get(path)
    kind = f"{type_name(field.type)}, ≤ {limit}" if limit else type_name(field.type)
    required = field.required or path in required_texts()
    return row(f"`{path}`", zh, en, kind, "✓" if required else "")


def text_limits() -> dict[str, int]:
    return {path_of(limit.path): limit.hard for limit in HEADER_TEXTS} | {
        f"lines[].{path_of(limit.path)}": limit.hard for limit in LINE_TEXTS
    }


def required_texts() -> set[str]:
    return {path_of(limit.path) for limit in HEADER_TEXTS if limit.required}


def path_of(pointer: str) -> str:
    return pointer[1:].replace("/", ".")


def element_row(element: StructType) -> str:
    code = str(element.tag)
    zh, en = ELEMENT_NAMES[code]
    return row(f"`{code}`", zh, en, "; ".join(map(element_field, element.fields)) or "-")


def element_field(field: Field) -> str:
    rows = field.type.item_type if isinstance(field.type, VarTupleType) else None
    if isinstance(rows, StructType):
        inner = ", ".join(f"`{inner.name}`" for inner in rows.fields)
        return f"`{field.name}`: a list of {{{inner}}}"
    return f"`{field.name}` ({type_name(field.type)}){' ✓' if field.required else ''}"


def element_types() -> list[StructType]:
    union = type_info(Element)
    assert isinstance(union, UnionType)
    found = [element for element in union.types if isinstance(element, StructType)]
    return sorted(found, key=lambda element: str(element.tag))


def struct_of(cls: type[msgspec.Struct]) -> StructType:
    found = type_info(cls)
    assert isinstance(found, StructType)
    return found


def type_name(kind: Type) -> str:
    if isinstance(kind, LiteralType):
        return ", ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, UnionType):
        inner = [part for part in kind.types if not isinstance(part, msgspec.inspect.NoneType)]
        return type_name(inner[0]) if len(inner) == 1 else "object"
    if isinstance(kind, StructType):
        return "object"
    if isinstance(kind, VarTupleType):
        return "list of objects"
    names = {IntType: "whole number", BoolType: "true, false", DateType: "yyyy-mm-dd"}
    return names.get(type(kind), "text")
