"""Money is whole fen (分), rates are whole basis points (万分之一)."""

from typing import NewType

Fen = NewType("Fen", int)
"""A hundredth of a yuan.  Signed: red letters are negative."""

RateBp = NewType("RateBp", int)
"""A hundredth of a percent: 13 % is 1300."""

BP_PER_UNIT = 10_000
FEN_PER_YUAN = 100
MAX_FEN = 10**18 - 1
"""number(18,2), the widest amount the interface's field tables allow."""


def divide_half_up(numerator: int, denominator: int) -> int:
    """Divide, rounding halves away from zero (四舍五入), so that -x mirrors x."""
    assert denominator > 0
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


def format_yuan(fen: int) -> str:
    """``-1234`` fen is ``-12.34``: two decimals always, no thousands separator."""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02}"


def parse_yuan(text: str) -> Fen:
    """Read ``12``, ``12.3`` or ``-12.34``; more than two decimals is refused, never rounded.

    Raises:
        ValueError: if the text is not an amount in whole fen.
    """
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
    yuan, _, rest = body.partition(".")
    well_formed = yuan.isdigit() and body.isascii() and (rest.isdigit() or not rest)
    if not well_formed or len(rest) > 2 or body.endswith("."):
        raise ValueError(f"an amount is yuan with at most two decimals, got {text!r}")
    return Fen(sign * (int(yuan) * FEN_PER_YUAN + int(rest.ljust(2, "0"))))
