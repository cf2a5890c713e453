"""Every objection a rule can raise: its code, its weight, and what it says in zh and en.

A code is a public contract: it may be retired, never given a second meaning.  ``{facts}`` are
filled in.  Each text says what is wrong and what to do.
"""

from typing import Literal, NamedTuple

from kaipiao.fiscal.violation import Violation


class Saying(NamedTuple):
    zh: str
    en: str
    severity: Literal["error", "warning"] = "error"


SAYINGS: dict[str, Saying] = {
    # Texts
    "text-missing": Saying(
        "{zh_field}必填。请填写。",
        "The {en_field} is required. Fill it in.",
    ),
    "text-too-long": Saying(
        "{zh_field}有 {length} 个字符, 最多 {limit} 个。请缩短。",
        "The {en_field} has {length} characters; at most {limit} are allowed. Shorten it.",
    ),
    "text-too-long-for-web": Saying(
        "{zh_field}有 {length} 个字符, 网页开票最多 {limit} 个。可以开具, 建议缩短。",
        "The {en_field} has {length} characters; the web page takes {limit}. It can be issued; "
        "better shorten it.",
        "warning",
    ),
    "text-forbidden-character": Saying(
        "{zh_field}第 {place} 个字符 {character} 不可用 (控制字符或不成对的代理字符)。请删除。",
        "Character {place} of the {en_field}, {character}, is not allowed (a control character or "
        "half of a pair). Remove it.",
    ),
    "text-character-not-shown": Saying(
        "{zh_field}第 {place} 个字符 {character} 不在版式文件所用的字体中, 印不出来。"
        "请改用通行的写法。",
        "Character {place} of the {en_field}, {character}, is not in the typeface of our documents "
        "and could not be printed. Write it in another way.",
    ),
    # Parties
    "seller-id-malformed": Saying(
        "销方识别号 {taxpayer_id} 不是 15、17、18 或 20 位大写字母和数字。请核对营业执照。",
        "The seller id {taxpayer_id} is not 15, 17, 18 or 20 digits and capital letters. Check "
        "it against the business licence.",
    ),
    "seller-id-check-wrong": Saying(
        "销方识别号 {taxpayer_id} 校验位不符。请核对是否输错。",
        "The check character of the seller id {taxpayer_id} is wrong. Check it for a typing error.",
    ),
    "buyer-id-missing": Saying(
        "专用发票必须有购方识别号。请填写, 或改开普通发票。",
        "A special invoice needs the buyer's id. Give it, or issue an ordinary invoice.",
    ),
    "buyer-id-doubtful": Saying(
        "购方识别号 {taxpayer_id} 位数或校验位不符。可以开具, 请与购方核对。",
        "The buyer id {taxpayer_id} has a wrong length or check character. It can be issued; ask "
        "the buyer to confirm it.",
        "warning",
    ),
    "buyer-is-seller": Saying(
        "购方与销方是同一纳税人。可以开具, 请确认购方是否填错。",
        "Buyer and seller are the same taxpayer. It can be issued; make sure that this is meant.",
        "warning",
    ),
    # What a special invoice may not be
    "special-to-natural-person": Saying(
        "不得向自然人开具专用发票。请改开普通发票。",
        "A natural person cannot be given a special invoice. Issue an ordinary one.",
    ),
    "special-for-exempt": Saying(
        "免税或不征税项目不得开具专用发票。请改开普通发票, 或更正该行的征免方式。",
        "An exempt or untaxed sale cannot be on a special invoice. Issue an ordinary one, or "
        "correct the line's treatment.",
    ),
    "special-for-zero-rated": Saying(
        "零税率项目通常开具普通发票。可以开具, 请确认。",
        "Zero-rated sales usually go on an ordinary invoice. It can be issued; make sure.",
        "warning",
    ),
    # Lines
    "lines-missing": Saying(
        "发票至少要有一行明细。请增加明细。",
        "An invoice needs at least one line. Add one.",
    ),
    "lines-too-many": Saying(
        "共有 {count} 行, 含折扣行最多 {limit} 行。请拆分为多张发票。",
        "There are {count} lines; {limit} are allowed, discounts included. Split the invoice.",
    ),
    "name-form": Saying(
        "项目名称应为“*简称*名称”。请在名称前加上税收分类简称, 如 *文具*文件盒。",
        "An item name is written *category*item. Put the short category before it, as in "
        "*文具*文件盒.",
    ),
    "tax-class-malformed": Saying(
        "税收分类编码应为 19 位数字。请按商品和服务税收分类编码表填写。",
        "A tax class is 19 digits. Take it from the table of goods and services.",
    ),
    # Rates
    "rate-not-in-force": Saying(
        "税率 {rate} 在 {on} 无效。当日可用: {allowed}。请更正。",
        "The rate {rate} is not in force on {on}. In force: {allowed}. Correct it.",
    ),
    "rate-not-for-scheme": Saying(
        "{zh_scheme}不能使用 {rate}。可用: {allowed}。请更正税率或纳税人类型。",
        "A {en_scheme} taxpayer cannot use {rate}; possible: {allowed}. Correct the rate or the "
        "scheme.",
    ),
    "rate-not-for-sale": Saying(
        "{rate} 在 {on} 只适用于: {what}。请填写特定要素 {elements}, 或更正税率。",
        "On {on} the rate {rate} is only for: {what}. Give the element {elements}, or correct "
        "the rate.",
    ),
    "rate-zero": Saying(
        "应税行的税率不能为 0。请在 treatment 中写明零税率、免税或不征税。",
        "A taxed line cannot have rate 0. Say in treatment whether it is zero_rated, exempt or "
        "untaxed.",
    ),
    "rate-must-be-zero": Saying(
        "零税率、免税、不征税行的税率应为 0。请改为 0, 或将 treatment 改为应税。",
        "A zero-rated, exempt or untaxed line has rate 0. Set it to 0, or the treatment to taxed.",
    ),
    "tax-must-be-zero": Saying(
        "零税率、免税、不征税行的税额应为 0。请改为 0 或省略。",
        "A zero-rated, exempt or untaxed line has no tax. Set it to 0 or leave it out.",
    ),
    # Amounts
    "amount-missing": Saying(
        "请填写不含税金额 net_fen 或含税金额 gross_fen (单位: 分)。",
        "Give the amount without tax (net_fen) or with tax (gross_fen), in fen.",
    ),
    "amount-zero": Saying(
        "金额不能为零。请填写金额, 或删除该行。",
        "An amount cannot be zero. Fill it in, or remove the line.",
    ),
    "amount-not-positive": Saying(
        "只有折扣行和红字发票的金额可以为负。请改为正数; 折扣请用 nature = discount。",
        "Only discounts and red letters have negative amounts. Make it positive; for a discount "
        "say nature = discount.",
    ),
    "amount-not-negative": Saying(
        "折扣行和红字发票行的金额应为负数。请改为负数。",
        "The amount of a discount line, and of a red letter, is negative. Make it negative.",
    ),
    "amount-too-large": Saying(
        "金额超出 number(18,2)。请核对单位是否为分。",
        "The amount does not fit number(18,2). Check that it is in fen.",
    ),
    "amounts-do-not-add-up": Saying(
        "不含税 {net} 加税额 {tax} 不等于含税 {gross}。请更正其中之一, 或省略一项由系统计算。",
        "Net {net} and tax {tax} do not add up to gross {gross}. Correct one, or leave one out "
        "and it is computed.",
    ),
    "tax-sign": Saying(
        "税额与金额正负号不一致。请更正。",
        "The tax has not the sign of its amount. Correct it.",
    ),
    "tax-off": Saying(
        "税额 {tax} 与金额乘税率 {expected} 相差超过 {limit} 元。请更正, 或省略税额由系统计算。",
        "The tax {tax} is more than {limit} yuan away from net × rate, {expected}. Correct it, or "
        "leave it out and it is computed.",
    ),
    "tax-off-in-total": Saying(
        "各行税额误差累计 {off} 元, 超过 {limit} 元。请更正, 或省略税额由系统计算。",
        "The deviations of the lines' taxes add up to {off} yuan; the limit is {limit}. Correct "
        "them, or leave the taxes out and they are computed.",
    ),
    "total-not-positive": Saying(
        "发票合计金额应大于零。请核对折扣。",
        "The total of an invoice must be above zero. Check the discounts.",
    ),
    "total-too-large": Saying(
        "合计金额超出 number(18,2)。请拆分为多张发票。",
        "The total does not fit number(18,2). Split the invoice.",
    ),
    # Quantity and price
    "quantity-price-pair": Saying(
        "数量和单价应同时填写或同时不填。请补齐或删除。",
        "Quantity and unit price go together. Give both or neither.",
    ),
    "decimal-malformed": Saying(
        "{text} 不是有效数字: 整数最多 {whole} 位, 小数最多 {decimals} 位。请更正。",
        "{text} is not a number of at most {whole} digits and {decimals} decimals. Correct it.",
    ),
    "quantity-price-sign": Saying(
        "数量和单价应大于零 (红字发票数量为负)。请更正。",
        "Quantity and unit price are above zero (in a red letter the quantity is below). "
        "Correct them.",
    ),
    "quantity-price-off": Saying(
        "数量 × 单价与金额 {amount} 相差超过 {limit} 元。"
        "填不含税金额时单价不含税, 否则单价含税。请更正。",
        "Quantity × unit price is more than {limit} yuan away from the amount {amount}. The price "
        "is without tax if net_fen is given, else with tax. Correct one of them.",
    ),
    # Discounts
    "discount-without-line": Saying(
        "折扣行应紧跟在被折扣行 (nature = discounted) 之后, 每行最多一个。请调整顺序。",
        "A discount follows directly after the line it discounts (nature = discounted), at most "
        "one for each. Move it.",
    ),
    "discounted-without-discount": Saying(
        "被折扣行之后没有折扣行。请补上折扣行, 或将 nature 改为 normal。",
        "No discount follows this discounted line. Add it, or set nature to normal.",
    ),
    "discount-differs": Saying(
        "折扣行的名称、编码、税率、征免方式应与被折扣行相同。请更正。",
        "A discount has the name, tax class, rate and treatment of its line. Correct it.",
    ),
    "discount-too-large": Saying(
        "折扣 {discount} 大于被折扣行金额 {amount}。请减少折扣。",
        "The discount {discount} is larger than its line, {amount}. Make it smaller.",
    ),
    "discount-with-quantity": Saying(
        "折扣行不填规格、单位、数量和单价。请删除。",
        "A discount line has no spec, unit, quantity or unit price. Remove them.",
    ),
    # Margin
    "deduction-without-margin": Saying(
        "只有差额开票 (margin = difference) 才有扣除额。请删除扣除额, 或更正 margin。",
        "Only margin = difference has a deduction. Remove it, or correct margin.",
    ),
    "deduction-missing": Saying(
        "差额开票至少一行要有扣除额。请填写 deduction_fen, 或更正 margin。",
        "margin = difference needs a deduction on some line. Give deduction_fen, or correct "
        "margin.",
    ),
    "deduction-too-large": Saying(
        "扣除额应在零与该行金额 {amount} 之间。请更正。",
        "A deduction lies between zero and the line's amount, {amount}. Correct it.",
    ),
    "margin-not-taxed": Saying(
        "差额征税只适用于应税行。请更正征免方式或 margin。",
        "A margin sale is a taxed sale. Correct the treatment or margin.",
    ),
    # Special-business elements
    "element-lines": Saying(
        "{zh_element}发票只能有一行明细。请拆分为多张发票。",
        "An invoice for {en_element} has exactly one line. Split it.",
    ),
    "element-line-bare": Saying(
        "{zh_element}发票的明细不填规格、单位、数量和单价。请删除。",
        "A line for {en_element} has no spec, unit, quantity or unit price. Remove them.",
    ),
    "element-unit": Saying(
        "{zh_element}发票的单位应为: {allowed}。请更正。",
        "The unit of a line for {en_element} is one of {allowed}. Correct it.",
    ),
    "element-quantity-missing": Saying(
        "{zh_element}发票必须填写数量和单价。请填写。",
        "A line for {en_element} needs quantity and unit price. Fill them in.",
    ),
    "element-field-missing": Saying(
        "{zh_element}发票必须填写 {field}。请填写。",
        "An invoice for {en_element} needs {field}. Fill it in.",
    ),
    "element-rows-missing": Saying(
        "{zh_element}发票的 {field} 至少要有 {count} 条。请补充。",
        "An invoice for {en_element} needs at least {count} of {field}. Add them.",
    ),
    "element-value-unknown": Saying(
        "{field} 应为: {allowed}。请更正。",
        "{field} is one of {allowed}. Correct it.",
    ),
    "element-dates-reversed": Saying(
        "结束日期早于开始日期。请更正。",
        "The last day is before the first. Correct them.",
    ),
    "element-amount-negative": Saying(
        "{field} 不能为负。请更正。",
        "{field} cannot be negative. Correct it.",
    ),
    "element-not-special": Saying(
        "{zh_element}不得开具专用发票。请改开普通发票。",
        "{en_element} cannot be on a special invoice. Issue an ordinary one.",
    ),
    "element-not-exempt": Saying(
        "{zh_element}发票的明细应为免税。请将 treatment 改为 exempt。",
        "A line for {en_element} is exempt. Set treatment to exempt.",
    ),
    # Red letters
    "reversal-not-yours": Saying(
        "红字发票不能直接开具。请删除 reversal, 对原发票使用冲红接口或 kaipiao reverse 号码。",
        "A red letter is not sent as a draft. Remove reversal and use the red-letter call of the "
        "original invoice, or: kaipiao reverse NUMBER.",
    ),
    "reversal-original-malformed": Saying(
        "原发票号码应为 20 位数字。请核对。",
        "The original's number is 20 digits. Check it.",
    ),
    "reversal-reason-unknown": Saying(
        "冲红原因应为: {allowed}。请更正。",
        "The reason is one of {allowed}. Correct it.",
    ),
    "reversal-lines-differ": Saying(
        "红字发票的行数与 reversal.lines 不一致。请更正。",
        "A red letter has as many lines as reversal.lines names. Correct it.",
    ),
}


def objection(code: str, path: str, **facts: object) -> Violation:
    """One violation, its texts filled in."""
    saying = SAYINGS[code]
    return Violation(
        code=code,
        path=path,
        zh=saying.zh.format_map(facts),
        en=saying.en.format_map(facts),
        severity=saying.severity,
    )
