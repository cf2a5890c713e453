"""Taxpayer ids (纳税人识别号): five shapes, two check characters.

    uscc        18   统一社会信用代码, GB 32100-2015: 0–9 A–Z without I O S V Z, weights 3^i mod 31
    resident    18   公民身份号码, GB 11643-1999: seventeen digits and 0–9 X
    former      15   before 2015: area code and organisation code, no check that holds for all
    household   17   a fifteen-digit resident id and two digits, no check
    individual  20   a resident id and two digits; the resident id has its check

Seventeen digits and a digit may be either of the first two; whichever check is right decides.
"""

from functools import lru_cache
from typing import Literal, NewType

TaxpayerId = NewType("TaxpayerId", str)
"""Only ``parse_taxpayer_id`` makes one: a known shape with a right check character."""

IdKind = Literal["uscc", "resident", "former", "household", "individual"]

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE = {character: value for value, character in enumerate(USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(3**place % 31 for place in range(17))
_RESIDENT_WEIGHTS = tuple(2 ** (17 - place) % 11 for place in range(17))
_RESIDENT_CHECKS = "10X98765432"


def parse_taxpayer_id(text: str) -> TaxpayerId:
    """Read an id that came from outside.

    Raises:
        ValueError: if it has no known shape, or its check character is wrong.
    """
    if classify(text) is None:
        raise ValueError(f"a taxpayer id has 15, 17, 18 or 20 characters 0-9 A-Z, got {text!r}")
    if not has_right_check(text):
        raise ValueError(f"the check character of {text!r} is wrong")
    return TaxpayerId(text)


def classify(text: str) -> IdKind | None:
    """The shape of an id, whether or not its check is right; None if it has none."""
    if not (text.isascii() and text.isalnum() and text.upper() == text):
        return None
    if len(text) == 18:
        return _classify_18(text)
    if len(text) == 15:
        return "former"
    if len(text) == 17:
        return "household"
    return "individual" if len(text) == 20 else None


@lru_cache(maxsize=65_536)
def has_right_check(text: str) -> bool:
    """Whether the check character is right; true where the shape has none; false if no shape.

    Remembered, because a platform meets the same taxpayers all day.
    """
    kind = classify(text)
    if kind == "uscc":
        return uscc_check(text[:17]) == text[17]
    if kind == "resident":
        return resident_check(text[:17]) == text[17]
    if kind == "individual" and _looks_resident(text[:18]):
        return resident_check(text[:17]) == text[17]
    return kind is not None


def uscc_check(body: str) -> str:
    """The eighteenth character over the first seventeen: (31 − Σ mod 31) mod 31."""
    total = sum(_USCC_VALUE[c] * weight for c, weight in zip(body, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def resident_check(body: str) -> str:
    """The eighteenth character of a resident id over its seventeen digits (ISO 7064 MOD 11-2)."""
    total = sum(int(c) * weight for c, weight in zip(body, _RESIDENT_WEIGHTS, strict=True))
    return _RESIDENT_CHECKS[total % 11]


def _classify_18(text: str) -> IdKind | None:
    uscc = all(c in _USCC_VALUE for c in text)
    if uscc and uscc_check(text[:17]) == text[17]:
        return "uscc"
    if _looks_resident(text) and (not uscc or resident_check(text[:17]) == text[17]):
        return "resident"
    return "uscc" if uscc else None


def _looks_resident(text: str) -> bool:
    return text[:17].isdigit() and (text[17].isdigit() or text[17] == "X")
