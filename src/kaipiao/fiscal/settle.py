"""Settle a draft: what each line comes to, net and tax, in whole fen.

    given            net                tax
    net              as given           half-up of net × rate
    net, tax         as given           as given
    net, gross       as given           gross − net
    gross            split_gross        what remains
    gross, tax       gross − tax        as given

An exempt, untaxed or zero-rated line owes no tax; a margin sale owes it on what is left
after the deduction (``tax.margin_on_gross``).  Whether what was given is lawful is not asked
here: ``regimes.cn.rules`` asks it first.  This runs once for every invoice, so it makes
nothing but the amounts and never raises.
"""

from kaipiao.fiscal.draft import Draft, Line
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.tax import margin_on_gross, margin_on_net, split_gross, tax_on_net

Parts = tuple[int, int]
"""Net and tax."""


def settle(draft: Draft) -> tuple[Amounts, ...]:
    """What every line of the draft comes to, in the order of its lines."""
    settle_line = _settle_margin if draft.margin == "difference" else _settle_line
    # A Fen is an int; saying so with a call for every amount would double the cost.
    return tuple([Amounts(*settle_line(line)) for line in draft.lines])  # type: ignore[arg-type]


def _settle_line(line: Line) -> Parts:
    net_fen, gross_fen, tax_fen = line.net_fen, line.gross_fen, line.tax_fen
    if line.treatment != "taxed":
        return (gross_fen or 0 if net_fen is None else net_fen), 0
    if net_fen is None:
        if gross_fen is None:
            return 0, 0
        if tax_fen is None:
            return split_gross(gross_fen, line.rate_bp)
        return gross_fen - tax_fen, tax_fen
    if tax_fen is not None:
        return net_fen, tax_fen
    if gross_fen is not None:
        return net_fen, gross_fen - net_fen
    return net_fen, tax_on_net(net_fen, line.rate_bp)


def _settle_margin(line: Line) -> Parts:
    """As above, the tax on what is left after the deduction."""
    if line.tax_fen is not None or line.treatment != "taxed":
        return _settle_line(line)
    if line.net_fen is None:
        return margin_on_gross(line.gross_fen or 0, line.deduction_fen, line.rate_bp)
    if line.gross_fen is None:
        return margin_on_net(line.net_fen, line.deduction_fen, line.rate_bp)
    return line.net_fen, line.gross_fen - line.net_fen
