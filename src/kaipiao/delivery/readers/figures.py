"""Figures as documents and sheets write them, read exactly or refused.

``13%``, ``13.00%`` and ``0.13`` are 1300 basis points; ``¥1,234.50`` is 123450 fen.  No float
takes part, and nothing is rounded: 12.345 yuan is not an amount.
"""

import re
from datetime import date, datetime

from kaipiao.fiscal.draft import Treatment
from kaipiao.fiscal.money import BP_PER_UNIT, MAX_FEN
from kaipiao.fiscal.month import BEIJING

_DECIMAL = re.compile(r"([-+]?)([0-9]{1,24})(?:\.([0-9]{0,24}))?")
_DAY = re.compile(r"(\d{4})\s*[-/.年]?\s*(\d{1,2})\s*[-/.月]?\s*(\d{1,2})\s*日?", re.ASCII)
_CLOCK = re.compile(r"[T\s]*(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?", re.ASCII)
_TREATMENTS: dict[str, Treatment] = {
    "免税": "exempt",
    "不征税": "untaxed",
    "零税率": "zero_rated",
    "普通零税率": "zero_rated",
    "出口零税": "zero_rated",
    "出口零税率": "zero_rated",
}


def scale_decimal(text: str, places: int) -> int:
    """``text`` times ten to the ``places``, exactly.

    Raises:
        ValueError: not a plain decimal, or it has more decimals than ``places``.
    """
    parts = _DECIMAL.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"not a decimal number: {text[:40]!r}")
    sign, whole, decimals = parts[1], parts[2], (parts[3] or "").rstrip("0")
    if len(decimals) > places:
        raise ValueError(f"more than {places} decimals: {text[:40]!r}")
    magnitude = int(whole + decimals.ljust(places, "0"))
    return -magnitude if sign == "-" else magnitude


def parse_amount(text: str) -> int:
    """Yuan as printed to whole fen.  Raises ValueError."""
    bare = text.strip().lstrip("¥￥").strip()
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", bare, re.ASCII):
        bare = bare.replace(",", "")
    fen = scale_decimal(bare, 2)
    if abs(fen) > MAX_FEN:
        raise ValueError(f"wider than number(18,2): {text[:40]!r}")
    return fen


def parse_rate(text: str) -> tuple[int | None, Treatment]:
    """A printed rate to basis points and treatment; ``***`` and nothing are None.

    Raises:
        ValueError: none of the ways in which a rate is written.
    """
    bare = text.strip()
    if bare in _TREATMENTS:
        return 0, _TREATMENTS[bare]
    if not bare.strip("*"):
        return None, "taxed"
    if bare.endswith("%"):
        return _rate(scale_decimal(bare[:-1], 2)), "taxed"
    return _rate(scale_decimal(bare, 4)), "taxed"


def treatment_of(policy: str) -> Treatment:
    """优惠政策类型 to treatment; policies that leave the sale taxed (简易征收 …) are ``taxed``."""
    return _TREATMENTS.get(policy.strip(), "taxed")


def parse_day(text: str) -> date:
    """``2024-01-24``, ``2020年07月23日``, ``20200723``, with or without a time behind it.

    Raises:
        ValueError: not a day.
    """
    return _day_and_rest(text)[0]


def parse_instant(text: str) -> datetime | None:
    """The same with its time, in Beijing; None if there is no time.  Raises ValueError."""
    day, rest = _day_and_rest(text)
    clock = _CLOCK.fullmatch(rest)
    if clock is None:
        return None
    hour, minute, second = map(int, clock.groups())
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=BEIJING)


def plain_decimal(text: str) -> str:
    """A quantity or price as decimal text; ``1.00`` stays ``1.00``.  Raises ValueError."""
    bare = text.strip()
    scale_decimal(bare, 24)
    return bare


def _rate(bp: int) -> int:
    if not 0 <= bp <= BP_PER_UNIT:
        raise ValueError(f"not a rate: {bp} basis points")
    return bp


def _day_and_rest(text: str) -> tuple[date, str]:
    bare = text.strip()
    found = _DAY.match(bare)
    if found is None:
        raise ValueError(f"not a day: {text[:40]!r}")
    year, month, day = map(int, found.groups())
    return date(year, month, day), bare[found.end() :]
