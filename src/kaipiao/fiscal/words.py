"""Amounts in words (价税合计大写): one spelling is written, every lawful one is read.

Several spellings of one amount are lawful (圆 or 元, 整 or 正 or neither, a 零 more or less), so
words are compared by the value they read as, never as strings.
"""

import re

from kaipiao.fiscal.money import MAX_FEN, Fen

RED_PREFIX = "（负数）"
TEXT_MAX = 100
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_VALUE = {character: value for value, character in enumerate(_DIGITS)}
_PLACES = ((1000, "仟"), (100, "佰"), (10, "拾"), (1, ""))

_VARIANTS = str.maketrans(
    {"元": "圆", "圓": "圆", "正": "整", "萬": "万", "億": "亿", "負": "负", "數": "数"}
    | {"貳": "贰", "弍": "贰", "參": "叁", "叄": "叁", "陸": "陆", "〇": "零"}
    | {"(": "（", ")": "）", "￥": "", "¥": "", " ": "", "\u3000": ""}
)
_SPELLING = re.compile(
    r"(?P<red>（负数）|（负）|负数?)?(?:人民币)?(?:(?P<yuan>.+)圆)?"
    r"零*(?:(?P<jiao>[零壹贰叁肆伍陆柒捌玖])角)?零*(?:(?P<fen>[零壹贰叁肆伍陆柒捌玖])分)?整?"
)
_DIGIT = "[壹贰叁肆伍陆柒捌玖]"
_GROUP = re.compile(
    rf"零*(?:({_DIGIT})仟)?零*(?:({_DIGIT})佰)?零*(?:({_DIGIT}?)(拾))?零*({_DIGIT})?零*"
)


def write_words(amount_fen: int) -> str:
    """``1600000`` fen is 壹万陆仟圆整; a negative amount begins with （负数）.

    整 closes every amount but one with 分.
    """
    assert abs(amount_fen) <= MAX_FEN
    yuan, rest = divmod(abs(amount_fen), 100)
    jiao, fen = divmod(rest, 10)
    words = f"{_write_whole(yuan)}圆" if yuan or not rest else ""
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif fen and yuan:
        words += "零"
    words += f"{_DIGITS[fen]}分" if fen else "整"
    return f"{RED_PREFIX if amount_fen < 0 else ''}{words}"


def read_words(text: str) -> Fen:
    """Read any lawful spelling.

    Raises:
        ValueError: if the text is not an amount in words.
    """
    found = _SPELLING.fullmatch(text.translate(_VARIANTS)) if len(text) <= TEXT_MAX else None
    if not found or not (found["yuan"] or found["jiao"] or found["fen"]):
        raise ValueError(f"not an amount in words: {text[:80]!r}")
    yuan = _read_whole(found["yuan"]) if found["yuan"] else 0
    amount_fen = yuan * 100 + _VALUE[found["jiao"] or "零"] * 10 + _VALUE[found["fen"] or "零"]
    if amount_fen > MAX_FEN:
        raise ValueError(f"larger than number(18,2): {text[:80]!r}")
    return Fen(-amount_fen if found["red"] else amount_fen)


def _write_whole(number: int) -> str:
    """Groups of four digits; 亿 counts whatever stands before it, so 10¹² is 壹万亿."""
    for unit, word in ((10**8, "亿"), (10**4, "万")):
        if number >= unit:
            high, low = divmod(number, unit)
            link = "零" if 0 < low < unit // 10 else ""
            return f"{_write_whole(high)}{word}{link}{_write_whole(low) if low else ''}"
    return _write_group(number) or "零"


def _write_group(number: int) -> str:
    words, gap = "", False
    for place, unit in _PLACES:
        digit = number // place % 10
        if digit:
            words += ("零" if gap and words else "") + _DIGITS[digit] + unit
        gap = digit == 0
    return words


def _read_whole(text: str) -> int:
    """兆 is 10¹²; 亿 and 万 may follow each other, as in 壹万亿."""
    for word, unit in (("兆", 10**12), ("亿", 10**8), ("万", 10**4)):
        high, found, low = text.rpartition(word)
        if found:
            above, below = _read_whole(high), _read_whole(low) if low else 0
            if above == 0 or below >= unit:
                raise ValueError(f"{word} counts nothing in {text!r}")
            return above * unit + below
    return _read_group(text)


def _read_group(text: str) -> int:
    found = _GROUP.fullmatch(text)
    if not found or not text:
        raise ValueError(f"not a number in words: {text!r}")
    thousands, hundreds, tens, ten, ones = found.groups()
    value = 1000 * _VALUE[thousands or "零"] + 100 * _VALUE[hundreds or "零"]
    value += 10 * (_VALUE[tens] if tens else 1) if ten else 0
    return value + _VALUE[ones or "零"]
