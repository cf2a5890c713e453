"""A verdict for a rule: what was checked, what came of it, and what was not checked.

    right     checked, all of it, and nothing is false
    wrong     checked, and something is false: ``violations`` say what
    unknown   there is something, and it was not, or could not be, checked
    absent    there is nothing to check

A verdict never says more than was checked.  Whether an invoice was issued, and not reversed
since, nobody can tell from a file: the rule ``issued`` is always ``unknown``.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from kaipiao.fiscal.violation import Violation, errors_of

Outcome = Literal["right", "wrong", "unknown", "absent"]
Rule = Literal[
    "number", "arithmetic", "words", "ids", "law", "qr", "page", "digests", "seal",
    "evidence", "issued",
]  # fmt: skip
Words = Mapping[Outcome, tuple[str, str]]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """``checked`` counts what was compared or computed; the texts say what it was."""

    verdict: Outcome
    checked: int
    zh: str
    en: str
    violations: tuple[Violation, ...] = ()


Verdicts = dict[Rule, Verdict]


def reach(rule: Rule, checked: int, violations: Iterable[Violation] = ()) -> Verdict:
    """The verdict that so many checks and these objections amount to."""
    found = list(violations)
    if errors_of(found):
        return compose(rule, "wrong", checked, found)
    if found and rule != "law":  # the law's warnings are advice
        return compose(rule, "unknown", checked, found)
    return compose(rule, "right" if checked else "absent", checked, found)


def compose(
    rule: Rule, outcome: Outcome, checked: int = 0, violations: Iterable[Violation] = ()
) -> Verdict:
    return tell(WORDS[rule], outcome, checked, violations)


def tell(
    words: Words, outcome: Outcome, checked: int, violations: Iterable[Violation] = ()
) -> Verdict:
    """A verdict in these words."""
    zh, en = words[outcome]
    return Verdict(
        verdict=outcome,
        checked=checked,
        zh=zh.format(checked=checked),
        en=en.format(checked=checked),
        violations=tuple(violations),
    )


QR_ALONE: Words = {
    "right": (
        "校验码正确: 内容没有误读 (不能证明来源)",
        "the checksum is right: nothing was misread (which proves no origin)",
    ),
    "unknown": (
        "校验码算法未知 (不代表伪造)",
        "its checksum is of no kind we know (which does not mean forged)",
    ),
}
"""Of a QR text without a document to compare it with."""

WORDS: Mapping[Rule, Words] = {
    "number": {
        "right": ("号码格式正确", "the number is well formed"),
        "wrong": ("号码有误", "the number is wrong"),
    },
    "arithmetic": {
        "right": (
            "核对 {checked} 项: 合计分毫不差, 各行在容差之内",
            "{checked} sums: totals to the fen, lines within the trade's tolerances",
        ),
        "wrong": ("金额不符 (核对 {checked} 项)", "amounts do not add up ({checked} sums)"),
        "unknown": ("核对 {checked} 项, 有疑问", "{checked} sums, with doubts"),
    },
    "words": {
        "right": ("大写金额与价税合计一致", "the amount in words is the total"),
        "wrong": ("大写金额与价税合计不一致", "the amount in words is not the total"),
        "absent": ("没有大写金额", "no amount in words"),
    },
    "ids": {
        "right": (
            "{checked} 个识别号的校验位正确 (不代表该纳税人存在)",
            "{checked} check characters right (which does not mean that the taxpayers exist)",
        ),
        "wrong": ("识别号有误", "a taxpayer id is wrong"),
        "unknown": (
            "识别号存疑, 或没有校验位可核对",
            "a taxpayer id is doubtful, or has no check character",
        ),
        "absent": ("没有识别号", "no taxpayer id"),
    },
    "law": {
        "right": (
            "按开票日的 {checked} 条规则校验, 无不符",
            "nothing against {checked} rules of the day of issue",
        ),
        "wrong": ("不符合开票日的规则", "against the rules of the day of issue"),
    },
    "qr": {
        "right": (
            "二维码 {checked} 项一致, 校验码正确 (不能证明来源)",
            "{checked} fields agree and the checksum is right (which proves no origin)",
        ),
        "wrong": ("二维码与票面不符", "the QR code differs"),
        "unknown": (
            "校验码算法未知 (不代表伪造)",
            "its checksum is of no kind we know (which does not mean forged)",
        ),
        "absent": ("没有二维码文本可核对", "no QR text to check"),
    },
    "page": {
        "right": (
            "版面标引的 {checked} 项与数据一致; 其余版面内容未核对",
            "{checked} tagged texts of the page agree with the data; the rest was not compared",
        ),
        "wrong": ("版面与数据不一致", "the page shows something else than the data"),
        "unknown": (
            "只读取了附带的数据, 版面未核对",
            "only the attached data was read; the pages were not compared with it",
        ),
        "absent": ("没有可核对的版面", "no page to compare"),
    },
    "digests": {
        "right": ("{checked} 个文件的摘要相符", "{checked} digests right: nothing was changed"),
        "wrong": ("文件在签章后被改动", "something was changed after it was sealed"),
        "unknown": ("摘要未能覆盖全部所读内容", "not all that was read is known to be as sealed"),
        "absent": ("没有摘要", "no digests"),
    },
    "seal": {
        "right": (
            "{checked} 个签名正确; 证书链未验证, 因此不能证明是谁签章",
            "{checked} signatures right; certificate chains were not followed, so this does not "
            "prove who sealed it",
        ),
        "wrong": ("签章无效", "the seal is not valid"),
        "unknown": ("有签名, 未能验证", "there is a signature, and it was not verified"),
        "absent": ("没有签章", "no seal"),
    },
    "evidence": {
        "right": (
            "显示的 {checked} 项与文件所附存证一致; 存证须另行查验: kaipiao verify",
            "{checked} leaves shown are what the file's evidence says, which is proved by: "
            "kaipiao verify",
        ),
        "wrong": (
            "显示的内容与文件所附存证不符",
            "the file shows something else than its evidence",
        ),
        "unknown": (
            "文件所附存证无法读取, 或过大, 请用 kaipiao verify 核对",
            "the evidence in the file cannot be read, or is so large that it is for kaipiao verify",
        ),
        "absent": ("没有本类平台的存证", "no evidence of a platform of this kind"),
    },
    "issued": {
        "unknown": (
            "是否真实开具、是否已冲红, 文件本身无法证明, 请查验: kaipiao verify",
            "whether it was issued, and not reversed since, no file can tell: kaipiao verify",
        ),
    },
}
