"""Amounts in words: one spelling written, every lawful spelling read as the same amount."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.fiscal.money import MAX_FEN
from kaipiao.fiscal.words import read_words, write_words

amounts = st.integers(-MAX_FEN, MAX_FEN) | st.integers(-200_000, 200_000)
round_amounts = st.builds(
    lambda digits, zeros: digits * 10**zeros, st.integers(1, 9999), st.integers(0, 14)
)
"""Amounts with long runs of zeros, where 零 is lost or doubled."""


@given(amounts | round_amounts)
def test_words_read_back_as_they_were_written(amount_fen: int) -> None:
    assert read_words(write_words(amount_fen)) == amount_fen


@given(amounts | round_amounts, st.sampled_from(["元", "圓"]), st.sampled_from(["正", "整", ""]))
def test_other_spellings_read_the_same(amount_fen: int, yuan: str, end: str) -> None:
    words = write_words(amount_fen).replace("圆", yuan)
    words = words.removesuffix("整") + end
    words = words.replace("（", "(").replace("）", ")").replace("万", "萬").replace("贰", "貳")

    assert read_words(words) == amount_fen


@given((amounts | round_amounts).filter(lambda fen: fen != 0))
def test_a_zero_more_or_less_between_the_units_changes_nothing(amount_fen: int) -> None:
    words = write_words(amount_fen)

    assert read_words(words.replace("零", "")) == amount_fen
    assert read_words(words.replace("万", "万零").replace("圆", "圆零")) == amount_fen


@given(st.integers(1, MAX_FEN), st.integers(1, MAX_FEN))
def test_two_amounts_never_share_their_words(one: int, other: int) -> None:
    assert (write_words(one) == write_words(other)) == (one == other)


@pytest.mark.parametrize(
    ("amount_fen", "words"),
    [
        (1_600_000, "壹万陆仟圆整"),
        (1_070, "壹拾圆柒角整"),
        (0, "零圆整"),
        (5, "伍分"),
        (105, "壹圆零伍分"),
        (10_500_000, "壹拾万伍仟圆整"),
        (1_000_001, "壹万圆零壹分"),
        (100_050_600, "壹佰万零伍佰零陆圆整"),
        (-33_500, "（负数）叁佰叁拾伍圆整"),
        (10**14, "壹万亿圆整"),
        (MAX_FEN, "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖圆玖角玖分"),
    ],
)
def test_known_answers(amount_fen: int, words: str) -> None:
    assert write_words(amount_fen) == words
    assert read_words(words) == amount_fen


@pytest.mark.parametrize(
    ("words", "amount_fen"),
    [
        ("壹万陆仟元", 1_600_000),
        ("人民币壹佰元正", 10_000),
        ("壹佰零拾伍圆整", None),
        ("拾圆整", 1_000),
        ("壹佰元零伍角整", 10_050),
        ("壹佰元零角零分", 10_000),
        ("壹兆圆整", 10**14),
        ("壹万万圆整", 10**10),
        ("(负数)壹圆整", -100),
    ],
)
def test_spellings_seen_on_paper(words: str, amount_fen: int | None) -> None:
    if amount_fen is None:
        assert read_words(words) == 11_500  # 拾 alone is ten, wherever it stands
    else:
        assert read_words(words) == amount_fen


@pytest.mark.parametrize(
    "words",
    [
        "",
        "整",
        "圆整",
        "万圆",
        "壹贰圆",
        "壹角壹角",
        "壹分壹角",
        "壹亿亿圆",
        "12.00",
        "壹圆" * 99,
        "亿" * 100,
        "万" * 5000,
        "负",
        "壹仟佰圆贰",
        "拾佰圆",
    ],
)
def test_what_is_not_an_amount_in_words_is_refused(words: str) -> None:
    with pytest.raises(ValueError):
        read_words(words)


@given(st.text("零壹贰叁肆伍陆柒捌玖拾佰仟万亿兆圆元角分整正负数（）", max_size=40))
def test_no_string_of_these_characters_makes_it_stumble(text: str) -> None:
    try:
        amount_fen = read_words(text)
    except ValueError:
        return
    assert read_words(write_words(amount_fen)) == amount_fen
