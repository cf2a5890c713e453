"""Decimal text (数量, 单价): exact, as whole numbers of 10⁻¹³.

Up to thirteen decimals are lawful, which no binary float holds; so the text stays text, and
arithmetic is done on whole numbers, ``QUANTUM`` to the unit.
"""

import re
from functools import lru_cache

DECIMALS = 13
QUANTUM: int = 10**DECIMALS
INTEGER_DIGITS = 12
"""number(25,13), so twelve digits before the point (unconfirmed)."""

_SHAPE = re.compile(rf"-?(0|[1-9][0-9]{{0,{INTEGER_DIGITS - 1}}})(\.[0-9]{{1,{DECIMALS}}})?")


@lru_cache(maxsize=65_536)
def read_decimal(text: str) -> int | None:
    """``"2.5"`` is 25 × 10¹²; None if the text is no such number.  Never rounds.

    One spelling a number, but for trailing zeros: no plus, no leading zero, no bare point.
    Remembered, because the same few quantities and prices are read all day.
    """
    if text.isdigit() and len(text) <= INTEGER_DIGITS and text.isascii() and text[0] != "0":
        return int(text) * QUANTUM
    if not _SHAPE.fullmatch(text):
        return None
    whole, _, fraction = text.partition(".")
    return int(whole + fraction.ljust(DECIMALS, "0"))


def format_decimal(scaled: int) -> str:
    """The shortest text of a scaled number."""
    whole, rest = divmod(abs(scaled), QUANTUM)
    fraction = f".{rest:0{DECIMALS}}".rstrip("0") if rest else ""
    return f"{'-' if scaled < 0 else ''}{whole}{fraction}"


def product_error(quantity: int, unit_price: int, amount_fen: int) -> int:
    """|quantity × price − amount| in ``FEN_PRODUCT`` to the fen; both factors scaled."""
    return abs(quantity * unit_price - amount_fen * FEN_PRODUCT)


FEN_PRODUCT = QUANTUM * QUANTUM // 100
"""One fen, on the scale of a product of two scaled numbers (yuan × 10²⁶)."""
