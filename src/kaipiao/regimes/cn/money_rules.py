"""Rules about money: signs, sums, tolerances, totals, margins.

Two kinds of deviation are told apart.  Net + tax ≠ gross is a contradiction and always
refused.  A tax that is some fen away from net × rate is how other systems round: it is
allowed within the tolerances of the day.
"""

from collections.abc import Iterator, Sequence

from kaipiao.fiscal.draft import Draft, Line
from kaipiao.fiscal.invoice import Amounts, totals_of
from kaipiao.fiscal.money import MAX_FEN, format_yuan
from kaipiao.fiscal.settle import settle
from kaipiao.fiscal.tax import tax_on_net
from kaipiao.fiscal.violation import Violation
from kaipiao.regimes.cn.catalogue import objection
from kaipiao.regimes.cn.law import Context


def check_amounts(draft: Draft, context: Context) -> Iterator[Violation]:
    """Every line has an amount, of the right sign and size, and its parts add up."""
    for index, line in enumerate(draft.lines):
        path = f"/lines/{index}"
        if line.net_fen is None and line.gross_fen is None:
            yield objection("amount-missing", path)
            continue
        yield from _check_size(line, path)
        if not context.outside:
            yield from _check_sign(draft, line, path)
        yield from _check_sum(line, path)


def check_taxes(draft: Draft, context: Context) -> Iterator[Violation]:
    """A tax that was given is near net × rate, line by line and in total."""
    tolerances, total_off_fen = context.law.tolerances, 0
    for index, (line, amounts) in enumerate(zip(draft.lines, _settled(draft), strict=False)):
        if not _is_tax_given(line):
            continue
        base_fen: int = amounts.net_fen
        if draft.margin == "difference":
            base_fen = base_fen - line.deduction_fen
        expected_fen = tax_on_net(base_fen, line.rate_bp)
        off_fen = amounts.tax_fen - expected_fen
        total_off_fen += off_fen
        if abs(off_fen) > tolerances.line_tax_fen:
            yield objection(
                "tax-off",
                f"/lines/{index}/tax_fen",
                tax=format_yuan(amounts.tax_fen),
                expected=format_yuan(expected_fen),
                limit=format_yuan(tolerances.line_tax_fen),
            )
        elif amounts.tax_fen * base_fen < 0:
            yield objection("tax-sign", f"/lines/{index}/tax_fen")
    if abs(total_off_fen) > tolerances.invoice_tax_fen:
        yield objection(
            "tax-off-in-total",
            "/lines",
            off=format_yuan(abs(total_off_fen)),
            limit=format_yuan(tolerances.invoice_tax_fen),
        )


def check_totals(draft: Draft, context: Context) -> Iterator[Violation]:
    """The totals fit number(18,2), and an original's is above zero."""
    settled = _settled(draft)
    if not settled:
        return
    totals = totals_of(settled)
    if max(abs(totals.net_fen), abs(totals.tax_fen), abs(totals.gross_fen)) > MAX_FEN:
        yield objection("total-too-large", "")
    if draft.reversal is None and not context.outside and totals.gross_fen <= 0:
        yield objection("total-not-positive", "")


def check_discount_size(draft: Draft, context: Context) -> Iterator[Violation]:
    """|discount| ≤ the amount of the line above it, both settled: net, tax and gross."""
    if draft.reversal is not None:
        return
    settled = _settled(draft)
    for index in range(1, len(settled)):
        if draft.lines[index].nature != "discount" or draft.lines[index - 1].nature == "discount":
            continue
        off, whole = settled[index], settled[index - 1]
        if whole.net_fen + off.net_fen < 0 or whole.gross_fen + off.gross_fen < 0:
            yield objection(
                "discount-too-large",
                f"/lines/{index}",
                discount=format_yuan(-off.gross_fen),
                amount=format_yuan(whole.gross_fen),
            )


def check_margin(draft: Draft, context: Context) -> Iterator[Violation]:
    """差额征税: deductions only where they belong, and no larger than their line."""
    lines = draft.lines
    if draft.margin != "difference":
        for index, line in enumerate(lines):
            if line.deduction_fen:
                yield objection("deduction-without-margin", f"/lines/{index}/deduction_fen")
        return
    if lines and not any(line.deduction_fen for line in lines):
        yield objection("deduction-missing", "/lines")
    for index, line in enumerate(lines):
        if line.treatment != "taxed":
            yield objection("margin-not-taxed", f"/lines/{index}/treatment")
        yield from _check_deduction(draft, line, f"/lines/{index}/deduction_fen")


def _check_deduction(draft: Draft, line: Line, path: str) -> Iterator[Violation]:
    """Measured against the price with tax, or without if only that is given (see ``tax``)."""
    amount_fen = line.net_fen if line.gross_fen is None else line.gross_fen
    if amount_fen is None:
        return
    sign = 1 if draft.reversal is None else -1
    if not 0 <= sign * line.deduction_fen <= max(sign * amount_fen, 0):
        yield objection("deduction-too-large", path, amount=format_yuan(amount_fen))


def _settled(draft: Draft) -> Sequence[Amounts]:
    """What the lines come to; nothing if a rate is below zero, which ``check_rates`` refuses."""
    if any(line.rate_bp < 0 for line in draft.lines):
        return ()
    return settle(draft)


def _is_tax_given(line: Line) -> bool:
    """Whether the tax is the caller's, outright or as gross − net."""
    if line.treatment != "taxed" or (line.net_fen is None and line.gross_fen is None):
        return False
    return line.tax_fen is not None or (line.net_fen is not None and line.gross_fen is not None)


def _check_size(line: Line, path: str) -> Iterator[Violation]:
    for field, amount_fen in (
        ("net_fen", line.net_fen),
        ("gross_fen", line.gross_fen),
        ("tax_fen", line.tax_fen),
        ("deduction_fen", line.deduction_fen),
    ):
        if amount_fen is not None and abs(amount_fen) > MAX_FEN:
            yield objection("amount-too-large", f"{path}/{field}")


def _check_sign(draft: Draft, line: Line, path: str) -> Iterator[Violation]:
    """Originals are positive but for discounts; red letters are negative throughout."""
    negative = line.nature == "discount" or draft.reversal is not None
    for field, amount_fen in (("net_fen", line.net_fen), ("gross_fen", line.gross_fen)):
        if amount_fen is None:
            continue
        if amount_fen == 0:
            yield objection("amount-zero", f"{path}/{field}")
        elif (amount_fen < 0) != negative:
            code = "amount-not-negative" if negative else "amount-not-positive"
            yield objection(code, f"{path}/{field}")


def _check_sum(line: Line, path: str) -> Iterator[Violation]:
    net_fen, gross_fen, tax_fen = line.net_fen, line.gross_fen, line.tax_fen
    if line.treatment != "taxed":
        if tax_fen:
            yield objection("tax-must-be-zero", f"{path}/tax_fen")
        tax_fen = 0
    if net_fen is None or gross_fen is None or tax_fen is None or net_fen + tax_fen == gross_fen:
        return
    yield objection(
        "amounts-do-not-add-up",
        f"{path}/gross_fen",
        net=format_yuan(net_fen),
        tax=format_yuan(tax_fen),
        gross=format_yuan(gross_fen),
    )
