"""The arithmetic of VAT (增值税): whole fen in, whole fen out, halves away from zero."""

from kaipiao.fiscal.money import BP_PER_UNIT


def tax_on_net(net_fen: int, rate_bp: int) -> int:
    """The tax (税额) on a net amount (不含税金额), half-up to the fen; -x mirrors x."""
    if net_fen >= 0:
        return (2 * net_fen * rate_bp + BP_PER_UNIT) // (2 * BP_PER_UNIT)
    return -((-2 * net_fen * rate_bp + BP_PER_UNIT) // (2 * BP_PER_UNIT))


def split_gross(gross_fen: int, rate_bp: int) -> tuple[int, int]:
    """Split a tax-inclusive amount (含税金额) into its net (不含税) and its tax (税额).

    The net is rounded and the tax is whatever remains, so the two always add up to what the
    buyer paid.  Rounding each on its own would lose or invent a fen.
    """
    divisor = 2 * (BP_PER_UNIT + rate_bp)
    doubled = 2 * BP_PER_UNIT * abs(gross_fen) + BP_PER_UNIT + rate_bp
    net_fen = doubled // divisor
    if gross_fen < 0:
        net_fen = -net_fen
    return net_fen, gross_fen - net_fen


def margin_on_gross(gross_fen: int, deduction_fen: int, rate_bp: int) -> tuple[int, int]:
    """Net and tax of a margin sale (差额征税, 差额开票) whose price is given with tax.

    The trade's formula: tax = (gross − deduction) × rate ÷ (1 + rate), and the net is the
    whole price without that tax: net = gross − tax.
    """
    _, tax_fen = split_gross(gross_fen - deduction_fen, rate_bp)
    return gross_fen - tax_fen, tax_fen


def margin_on_net(net_fen: int, deduction_fen: int, rate_bp: int) -> tuple[int, int]:
    """The same when the price is given without tax.

    Put gross = net + tax into the formula above and the division falls away:
    tax = (net − deduction) × rate.
    """
    return net_fen, tax_on_net(net_fen - deduction_fen, rate_bp)
