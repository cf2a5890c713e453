"""The unit price that a document prints (单价): always without tax."""

from kaipiao.fiscal.decimals import FEN_PRODUCT, format_decimal, read_decimal
from kaipiao.fiscal.draft import Line
from kaipiao.fiscal.money import divide_half_up

SIGNIFICANT_DIGITS = 15
"""Of a price that we work out: as many as the platform prints, and a sum needs no more."""


def net_unit_price(line: Line, net_fen: int) -> str:
    """The price without tax; empty where the line states none.

    A price given with tax becomes ``net ÷ quantity``, half-up at the thirteenth decimal or the
    fifteenth digit, so that it still multiplies to the printed amount.
    """
    quantity = read_decimal(line.quantity)
    if line.net_fen is not None or not line.unit_price or not quantity:
        return line.unit_price
    sign = -1 if quantity < 0 else 1
    price = divide_half_up(sign * net_fen * FEN_PRODUCT, abs(quantity))
    step = 10 ** max(0, len(str(abs(price))) - SIGNIFICANT_DIGITS)
    return format_decimal(divide_half_up(price, step) * step)
