"""Drafts (草稿): what a seller asks us to issue.

The shape only.  A decoded draft may still break every rule; ``regimes.cn.rules`` says which.
Amounts are whole fen, rates whole basis points; quantities and unit prices are decimal text,
because up to thirteen decimals are lawful and a binary float holds none of them exactly.
"""

from typing import Literal

import msgspec

from kaipiao.fiscal.element import Element

Kind = Literal["special", "ordinary"]
"""专票, 普票."""

Nature = Literal["normal", "discount", "discounted"]
"""Line nature 发票行性质 00, 01, 02."""

Treatment = Literal["taxed", "zero_rated", "exempt", "untaxed"]
"""应税, 零税率, 免税, 不征税: three ways to owe nothing, which the law keeps apart."""

Margin = Literal["none", "full", "difference"]
"""差额征税: 不适用, 01 全额开票, 02 差额开票."""

Scheme = Literal["general", "small_scale"]
"""一般纳税人, 小规模纳税人."""


class Party(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A seller (销方) or a buyer (购方)."""

    name: str
    taxpayer_id: str = ""
    address: str = ""
    telephone: str = ""
    bank: str = ""
    account: str = ""
    natural_person: bool = False


class Line(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    gc=False,
):
    """One line (明细行).

    Give ``net_fen`` (不含税金额) or ``gross_fen`` (含税金额) or both.  ``tax_fen`` may be left
    out: we compute it.  ``unit_price`` is net when ``net_fen`` is given, gross otherwise.
    A discount line is negative and follows the line that it discounts.
    """

    name: str  # *short category*item
    tax_class: str  # 税收分类编码, nineteen digits
    rate_bp: int
    net_fen: int | None = None
    gross_fen: int | None = None
    tax_fen: int | None = None
    spec: str = ""
    unit: str = ""
    quantity: str = ""
    unit_price: str = ""
    nature: Nature = "normal"
    treatment: Treatment = "taxed"
    deduction_fen: int = 0  # 扣除额, only with margin = difference


class Reversal(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What makes an invoice a red letter: the original it answers, why, and under which form.

    ``lines`` gives, for each line of the red letter, the index of the line it takes back.
    Only we compose one; a caller who sends it is told to use the red-letter call.
    """

    original: str
    reason: str  # 01 开票有误, 02 销货退回, 03 服务中止, 04 销售折让
    lines: tuple[int, ...]
    confirmation: str = ""


class Draft(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One invoice, as asked for."""

    kind: Kind
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    issuer: str  # 开票人
    payee: str = ""  # 收款人
    reviewer: str = ""  # 复核人
    remark: str = ""
    scheme: Scheme = "general"
    margin: Margin = "none"
    element: Element | None = None
    reversal: Reversal | None = None
