"""Red-letter invoices (红字发票): taking back an invoice, in whole or in part.

An issued invoice is never edited or deleted.  It is answered by a second one, with negative
amounts, that names it.  Together they may reach zero; they may never pass it.

What is taken back is counted line by line.  A discounted line and its discount are one line
here, worth what the buyer really owed for it, so every line holds a positive amount and no
order of partial red letters can leave a remainder that cannot be reached.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from kaipiao.fiscal.draft import Draft, Line
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.money import Fen, divide_half_up
from kaipiao.fiscal.violation import Violation

Reason = Literal["01", "02", "03", "04"]
"""01 开票有误, 02 销货退回, 03 服务中止, 04 销售折让."""

NOTHING = Amounts(Fen(0), Fen(0))


class LineAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of one line to take back; without an amount, all that is left of it."""

    line: int
    net_fen: int | None = None


class ReversalAsk(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What a side asks to take back; without ``lines``, everything that is left."""

    reason: Reason
    lines: tuple[LineAsk, ...] = ()
    issuer: str = ""
    remark: str = ""


class LineTaken(msgspec.Struct, frozen=True, gc=False):
    """What one red letter takes from one line, and what that line held; all positive."""

    line: int
    net_fen: int
    tax_fen: int
    of_net_fen: int
    of_tax_fen: int


class TakenBack(msgspec.Struct, frozen=True, gc=False):
    """What one red letter takes from its original.

    ``agreed`` says that both sides confirmed, so that the buyer's use of the original, even
    one recorded this very moment, does not stand in the way.
    """

    original: str
    lines: tuple[LineTaken, ...]
    agreed: bool = False


def held_by_line(draft: Draft, amounts: Sequence[Amounts]) -> dict[int, Amounts]:
    """What each line of an original can give back: a discount is merged into its line."""
    held: dict[int, Amounts] = {}
    above = 0
    for index, (line, own) in enumerate(zip(draft.lines, amounts, strict=True)):
        if line.nature == "discount":
            merged = held[above]
            held[above] = Amounts(
                Fen(merged.net_fen + own.net_fen), Fen(merged.tax_fen + own.tax_fen)
            )
        else:
            held[index], above = own, index
    return held


def left_by_line(held: Mapping[int, Amounts], taken: Mapping[int, Amounts]) -> dict[int, Amounts]:
    """What is left of each line after ``taken``."""
    return {
        index: Amounts(
            Fen(own.net_fen - taken.get(index, NOTHING).net_fen),
            Fen(own.tax_fen - taken.get(index, NOTHING).tax_fen),
        )
        for index, own in held.items()
    }


def tax_share(net_fen: int, held: Amounts, left: Amounts) -> int:
    """The tax that goes back with ``net_fen`` of a line.

    In proportion and rounded, but whoever takes the last of the net takes the last of the tax
    too: four partial red letters add up to the original, never to a fen more.
    """
    if net_fen == left.net_fen:
        return left.tax_fen
    return min(divide_half_up(held.tax_fen * net_fen, held.net_fen), left.tax_fen)


def check_ask(ask: ReversalAsk, draft: Draft, left: Mapping[int, Amounts]) -> list[Violation]:
    """Every objection to ``ask`` against an original of which ``left`` is left."""
    if draft.reversal is not None:
        return [_object("red-letter-of-red-letter", "")]
    if all(amounts == NOTHING for amounts in left.values()):
        return [_object("already-reversed", "")]
    violations = [
        violation
        for place, line in enumerate(ask.lines)
        for violation in _check_line(line, f"/lines/{place}", left)
    ]
    named = [line.line for line in ask.lines]
    if len(set(named)) < len(named):
        violations.append(_object("red-letter-line-twice", "/lines"))
    if draft.margin == "difference" and any(line.net_fen is not None for line in ask.lines):
        violations.append(_object("red-letter-margin-partial", "/lines"))
    return violations


def take(
    ask: ReversalAsk, held: Mapping[int, Amounts], left: Mapping[int, Amounts]
) -> tuple[LineTaken, ...]:
    """What a checked ``ask`` takes, line by line."""
    wanted = {line.line: line.net_fen for line in ask.lines} or dict.fromkeys(left)
    taken = []
    for index, net_fen in sorted(wanted.items()):
        rest = left[index]
        if rest == NOTHING:
            continue
        net = rest.net_fen if net_fen is None else net_fen
        own = held[index]
        tax = tax_share(net, own, rest)
        taken.append(LineTaken(index, net, tax, own.net_fen, own.tax_fen))
    return tuple(taken)


def red_line(original: Draft, taken: LineTaken) -> Line:
    """One line of the red letter: the original's, negated.

    Quantity and price are repeated only where the whole undiscounted line goes back, because
    only then do they still multiply to the amount.
    """
    line = original.lines[taken.line]
    whole = (taken.net_fen, taken.tax_fen) == (taken.of_net_fen, taken.of_tax_fen)
    keeps_quantity = whole and line.nature == "normal" and bool(line.quantity)
    by_net = line.net_fen is not None
    return Line(
        name=line.name,
        tax_class=line.tax_class,
        rate_bp=line.rate_bp,
        net_fen=-taken.net_fen if by_net else None,
        gross_fen=None if by_net else -(taken.net_fen + taken.tax_fen),
        tax_fen=-taken.tax_fen,
        spec=line.spec,
        unit=line.unit,
        quantity=f"-{line.quantity}" if keeps_quantity else "",
        unit_price=line.unit_price if keeps_quantity else "",
        treatment=line.treatment,
        deduction_fen=-line.deduction_fen if whole else 0,
    )


_SAYINGS: dict[str, tuple[str, str]] = {
    "red-letter-of-red-letter": (
        "红字发票不能再次冲红。如需更正, 请另开一张蓝字发票。",
        "A red letter cannot be reversed. To correct it, issue a new invoice.",
    ),
    "already-reversed": (
        "该发票已全部冲红, 没有可冲红的余额。",
        "The invoice is already reversed in full; nothing is left to take back.",
    ),
    "red-letter-line-unknown": (
        "原发票没有这一行 (折扣行并入被折扣行)。请填写原发票中被折扣行或普通行的序号, 从 0 起。",
        "The original has no such line (a discount counts with the line it discounts). Give the "
        "index, from 0, of a normal or discounted line.",
    ),
    "red-letter-line-twice": (
        "同一行出现了两次。请合并为一行。",
        "A line is named twice. Merge the two.",
    ),
    "red-letter-not-positive": (
        "冲红金额须大于零。请填写要冲回的不含税金额 (正数, 单位分)。",
        "The amount to take back must be above zero. Give the net amount in fen, as a positive.",
    ),
    "red-letter-exceeds-original": (
        "冲红金额超过该行剩余的 {left_fen} 分。请减少金额, 或省略金额以冲回全部剩余。",
        "Only {left_fen} fen are left of this line. Ask for less, or leave the amount out to take "
        "all that is left.",
    ),
    "red-letter-margin-partial": (
        "差额征税发票只能整行冲红。请省略金额。",
        "A margin-scheme invoice can only be taken back by whole lines. Leave the amount out.",
    ),
}
"""Every objection to a red letter, in zh and en: a public contract like all rule codes."""


def _object(code: str, path: str, **facts: object) -> Violation:
    zh, en = _SAYINGS[code]
    return Violation(code=code, path=path, zh=zh.format(**facts), en=en.format(**facts))


def exceeds(path: str, left_fen: int) -> Violation:
    """The objection that the ledger raises when another red letter was faster."""
    return _object("red-letter-exceeds-original", path, left_fen=left_fen)


def _check_line(ask: LineAsk, path: str, left: Mapping[int, Amounts]) -> list[Violation]:
    rest = left.get(ask.line)
    if rest is None:
        return [_object("red-letter-line-unknown", f"{path}/line")]
    if ask.net_fen is not None and ask.net_fen <= 0:
        return [_object("red-letter-not-positive", f"{path}/net_fen")]
    if rest == NOTHING or (ask.net_fen is not None and ask.net_fen > rest.net_fen):
        return [exceeds(f"{path}/net_fen", rest.net_fen)]
    return []
