"""The quick yes and the rules say the same: a plain draft breaks no rule, nor warns.

If ``is_plain`` ever says yes where a rule would object, an unlawful invoice is issued; so a
lawful draft is spoilt here in every way we could think of, and the two are compared.
"""

from datetime import date

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import (
    BUYER,
    DAY,
    PERSON,
    SELLER,
    lawful_draft,
    lawful_drafts,
    make_discount,
    make_draft,
    make_line,
    sampled_drafts,
)

from kaipiao.fiscal.draft import Draft, Reversal
from kaipiao.regimes.cn.law import Context, law_on
from kaipiao.regimes.cn.plain import is_plain
from kaipiao.regimes.cn.rules import ELEMENT_RULES, RULES, check

LAW = law_on(DAY)

odd_texts = st.sampled_from(
    [
        "",
        " ",
        "\x00",
        "a\x07b",
        "\u202e",
        "\ud800",
        "\n",
        "\u3000",
        "*",
        "**",
        "*a*",
        "*a* ",
        "* *b",
        "*文具*盒",
        "x" * 22,
        "x" * 23,
        "x" * 41,
        "x" * 51,
        "x" * 61,
        "x" * 76,
        "x" * 101,
        "x" * 121,
        "x" * 151,
        "x" * 201,
        "x" * 301,
        "*a*" + "x" * 98,
        "*a*" + "x" * 800,
    ]
)
odd_amounts = st.none() | st.sampled_from(
    [
        0,
        1,
        -1,
        5,
        6,
        7,
        13,
        100,
        113,
        -100,
        10_000,
        11_300,
        1_300,
        1_306,
        1_307,
        1_294,
        10**14,
        10**14 + 1,
        10**18 - 1,
        10**18,
        -(10**18),
        2**80,
    ]
)
odd_decimals = st.sampled_from(
    [
        "",
        "0",
        "1",
        "2",
        "50",
        "-2",
        "100",
        "0.5",
        "50.001",
        "50.005",
        "50.006",
        "x",
        "1e3",
        "9" * 13,
    ]
)
PARTY_FIELDS = ("name", "address", "telephone", "bank", "account")
odd_ids = st.sampled_from(
    ["", SELLER.taxpayer_id, BUYER.taxpayer_id, "91110000600037341M", "abc", "110108600037341", " "]
)

line_changes = st.one_of(
    st.tuples(st.sampled_from(["name", "spec", "unit", "tax_class"]), odd_texts),
    st.tuples(st.sampled_from(["net_fen", "gross_fen", "tax_fen"]), odd_amounts),
    st.tuples(st.just("rate_bp"), st.sampled_from([0, 1, -1, 100, 300, 500, 600, 1300, 1700])),
    st.tuples(st.just("treatment"), st.sampled_from(["taxed", "exempt", "untaxed", "zero_rated"])),
    st.tuples(st.just("nature"), st.sampled_from(["normal", "discount", "discounted"])),
    st.tuples(st.sampled_from(["quantity", "unit_price"]), odd_decimals),
    st.tuples(st.just("deduction_fen"), st.sampled_from([0, 1, -1, 10**18])),
)
header_changes = st.one_of(
    st.tuples(st.sampled_from(["issuer", "payee", "reviewer", "remark"]), odd_texts),
    st.tuples(st.just("kind"), st.sampled_from(["special", "ordinary"])),
    st.tuples(st.just("scheme"), st.sampled_from(["general", "small_scale"])),
    st.tuples(st.just("margin"), st.sampled_from(["none", "full", "difference"])),
    st.tuples(st.just("buyer"), st.sampled_from([PERSON, SELLER])),
    st.tuples(
        st.just("reversal"),
        st.just(Reversal(original="26317000000000000042", reason="01", lines=(0,))),
    ),
)
party_changes = st.tuples(
    st.sampled_from(["seller", "buyer"]),
    st.tuples(st.sampled_from(PARTY_FIELDS), odd_texts)
    | st.tuples(st.just("taxpayer_id"), odd_ids)
    | st.tuples(st.just("natural_person"), st.booleans()),
)


@st.composite
def spoilt_drafts(draw: st.DrawFn) -> Draft:
    """A lawful draft with up to four of its fields changed."""
    draft = draw(lawful_drafts(max_lines=4) | st.just(lawful_draft()))
    for _ in range(draw(st.integers(0, 4))):
        where = draw(st.integers(0, 4))
        if where == 0:
            field, value = draw(header_changes)
            draft = msgspec.structs.replace(draft, **{field: value})
        elif where == 1:
            side, (field, value) = draw(party_changes)
            party = msgspec.structs.replace(getattr(draft, side), **{field: value})
            draft = msgspec.structs.replace(draft, **{side: party})
        else:
            place = draw(st.integers(0, len(draft.lines) - 1))
            field, value = draw(line_changes)
            line = msgspec.structs.replace(draft.lines[place], **{field: value})
            lines = (*draft.lines[:place], line, *draft.lines[place + 1 :])
            draft = msgspec.structs.replace(draft, lines=lines)
    return draft


def says_of_the_rules(draft: Draft, day: date = DAY) -> list[str]:
    context = Context(law_on(day))
    return [violation.code for rule in RULES for violation in rule(draft, context)]


@settings(max_examples=2000, deadline=None)
@given(spoilt_drafts())
def test_a_plain_draft_breaks_no_rule(draft: Draft) -> None:
    if is_plain(draft, LAW):
        assert says_of_the_rules(draft) == []


@settings(max_examples=500, deadline=None)
@given(spoilt_drafts() | sampled_drafts())
def test_check_says_what_the_rules_say(draft: Draft) -> None:
    assert [violation.code for violation in check(draft, on=DAY)] == says_of_the_rules(draft)


@given(lawful_drafts(), st.sampled_from([date(2019, 3, 31), date(2025, 6, 1), date(2028, 1, 1)]))
def test_on_every_day_too(draft: Draft, day: date) -> None:
    if is_plain(draft, law_on(day)):
        assert says_of_the_rules(draft, day) == []


@given(lawful_drafts())
def test_a_lawful_draft_is_lawful(draft: Draft) -> None:
    assert check(draft, on=DAY) == []


@given(st.integers(0, 10**6))
def test_what_benchmarks_send_is_plain(n: int) -> None:
    """Otherwise the quick yes would be quick for nobody."""
    assert is_plain(make_draft(n), LAW)


@given(sampled_drafts())
def test_the_samples_are_plain_but_for_their_elements(draft: Draft) -> None:
    assert is_plain(draft, LAW)
    assert not any(list(rule(draft, Context(LAW))) for rule in ELEMENT_RULES)


def test_the_everyday_cases_are_plain() -> None:
    line = make_line(net_fen=None, gross_fen=10_000)
    cases = (
        lawful_draft(),
        lawful_draft(kind="special"),
        lawful_draft(buyer=PERSON),
        lawful_draft(lines=(make_line(tax_fen=1_300),)),
        lawful_draft(lines=(make_line(gross_fen=11_300),)),
        lawful_draft(lines=(make_line(gross_fen=11_300, tax_fen=1_300),)),
        lawful_draft(lines=make_discount(make_line(), 500)),
        lawful_draft(lines=make_discount(line, 500)),
        lawful_draft(lines=(make_line(treatment="exempt", rate_bp=0),)),
        lawful_draft(scheme="small_scale", lines=(make_line(rate_bp=100),)),
    )
    for draft in cases:
        assert is_plain(draft, LAW), draft
