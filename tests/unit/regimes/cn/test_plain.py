"""The quick yes and the rules say the same: a plain draft breaks no rule, nor warns.

If ``is_plain`` ever says yes where a rule would object, an unlawful invoice is issued.  So
lawful drafts are spoilt here in every single way listed below, in every pair of ways within a
line or its amounts, and in random heaps of ways, and the two are compared.
"""

from collections.abc import Iterator
from datetime import date
from itertools import combinations, product

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.fiscal.draft import Draft, Line, Reversal
from kaipiao.regimes.cn.law import Context, law_on
from kaipiao.regimes.cn.plain import is_plain
from kaipiao.regimes.cn.rules import ELEMENT_RULES, RULES, check
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

LAW = law_on(DAY)
Change = tuple[str, object]

BAD_CHARACTERS = ("\x00", "a\x07b", "a\u202e", "\ud800", "a\nb", "\u3000", " ", "")
UNSHOWN = ("a\U0002a6d6", "\u0e01", "\U0001f600b")
LONG = tuple("x" * n for n in (22, 23, 40, 41, 50, 51, 60, 61, 75, 76, 100, 101, 120, 121))
LONGER = tuple("x" * n for n in (150, 151, 200, 201, 300, 301, 450, 451))
TEXTS = (*BAD_CHARACTERS, *UNSHOWN, *LONG, *LONGER)
NAMES = (
    "*a*",
    "*a* ",
    "* *b",
    "**b",
    "*a",
    "*a*\U0002a6d6",
    *(f"*a*{'x' * n}" for n in (97, 98, 717, 718)),
)
AMOUNTS = (None, 0, 1, -1, 6, 7, 100, -100, 1_300, 1_294, 1_306, 1_307, 10_000, 10_100, -10_000)
AMOUNTS += (
    -9_999,
    -1_300,
    -1_306,
    -11_299,
    11_300,
    11_306,
    11_307,
    10**14,
    10**14 + 1,
    10**18,
    -(10**18),
    2**80,
)
DECIMALS = ("", "0", "1", "-2", "2", "50", "-50", "50.005", "50.0051", "1e3", "x", "1" * 13)
IDS = ("", " ", SELLER.taxpayer_id, BUYER.taxpayer_id, "91110000600037341M", "abc", "1" * 15)
RED = Reversal(original="26317000000000000042", reason="01", lines=(0,))


def changes(**choices: tuple[object, ...]) -> list[Change]:
    return [(field, value) for field, values in choices.items() for value in values]


OF_TEXTS = changes(
    name=(*TEXTS, *NAMES), spec=TEXTS, unit=TEXTS, tax_class=("", "1" * 18, "１" * 19)
)
OF_AMOUNTS = changes(
    net_fen=AMOUNTS,
    gross_fen=AMOUNTS,
    tax_fen=AMOUNTS,
    deduction_fen=(1, -1),
    rate_bp=(0, 1, -1, -10_000, 100, 500, 600, 1700),
    treatment=("taxed", "exempt", "untaxed", "zero_rated"),
    nature=("normal", "discount", "discounted"),
    quantity=DECIMALS,
    unit_price=DECIMALS,
)
OF_HEADER = changes(
    issuer=TEXTS,
    payee=TEXTS,
    reviewer=TEXTS,
    remark=TEXTS,
    kind=("special", "ordinary"),
    scheme=("general", "small_scale"),
    margin=("full", "difference"),
    buyer=(PERSON, SELLER),
    reversal=(RED,),
    lines=((), (make_line(),) * 2_000, (make_line(),) * 2_001),
)
OF_PARTY = changes(
    name=TEXTS,
    address=TEXTS,
    telephone=TEXTS,
    bank=TEXTS,
    account=TEXTS,
    taxpayer_id=IDS,
    natural_person=(True,),
)

BARE = make_line(quantity="", unit_price="", spec="", unit="")
BASES = (
    lawful_draft(),
    lawful_draft(kind="special", lines=(BARE,)),
    lawful_draft(lines=(msgspec.structs.replace(BARE, net_fen=None, gross_fen=11_300),)),
    lawful_draft(lines=(msgspec.structs.replace(BARE, treatment="exempt", rate_bp=0),)),
    lawful_draft(lines=(msgspec.structs.replace(BARE, tax_fen=1_300, gross_fen=11_300),)),
    lawful_draft(lines=(*make_discount(make_line(), 500), make_line())),
    lawful_draft(lines=(make_line(), *make_discount(BARE, 9_999))),
    lawful_draft(lines=make_discount(BARE, 9_999)),
    lawful_draft(
        lines=make_discount(msgspec.structs.replace(BARE, treatment="exempt", rate_bp=0), 1)
    ),
    lawful_draft(lines=(make_line(tax_fen=1_306),) * 21),
)


def changed_line(draft: Draft, place: int, *several: Change) -> Draft:
    line: Line = msgspec.structs.replace(draft.lines[place], **dict(several))
    return msgspec.structs.replace(
        draft, lines=(*draft.lines[:place], line, *draft.lines[place + 1 :])
    )


def changed_party(draft: Draft, side: str, change: Change) -> Draft:
    party = msgspec.structs.replace(getattr(draft, side), **dict((change,)))
    return msgspec.structs.replace(draft, **{side: party})


def spoilt_once(draft: Draft) -> Iterator[Draft]:
    for change in OF_HEADER:
        yield msgspec.structs.replace(draft, **dict((change,)))
    for side, change in product(("seller", "buyer"), OF_PARTY):
        yield changed_party(draft, side, change)
    for place, change in product(range(min(len(draft.lines), 3)), OF_TEXTS + OF_AMOUNTS):
        yield changed_line(draft, place, change)


def says_of_the_rules(draft: Draft, day: date = DAY) -> list[str]:
    context = Context(law_on(day))
    return [violation.code for rule in RULES for violation in rule(draft, context)]


def test_every_single_fault() -> None:
    for base in BASES:
        for draft in spoilt_once(base):
            assert not is_plain(draft, LAW) or says_of_the_rules(draft) == [], draft


def test_every_pair_of_faults_in_the_amounts_of_a_line() -> None:
    places = ((0, 0), (1, 0), (5, 0), (5, 1), (7, 0), (7, 1), (8, 1))
    for base, place in ((BASES[which], place) for which, place in places):
        for one, other in combinations(OF_AMOUNTS, 2):
            draft = changed_line(base, place, one, other)
            assert not is_plain(draft, LAW) or says_of_the_rules(draft) == [], draft


def test_every_way_to_give_three_amounts() -> None:
    for net_fen, gross_fen, tax_fen in product(AMOUNTS, repeat=3):
        line = msgspec.structs.replace(BARE, net_fen=net_fen, gross_fen=gross_fen, tax_fen=tax_fen)
        draft = lawful_draft(lines=(line, make_line()))
        assert not is_plain(draft, LAW) or says_of_the_rules(draft) == [], draft


def test_small_deviations_are_plain_until_they_add_up() -> None:
    line = make_line(tax_fen=1_306)  # six fen off, as far as one line may be

    last = lawful_draft(lines=(*(line,) * 21, make_line(tax_fen=1_301)))  # 1.27 in all

    assert is_plain(last, LAW)
    assert says_of_the_rules(last) == []
    assert not is_plain(lawful_draft(lines=(line,) * 22), LAW)


def test_a_discount_given_in_another_way_than_its_line_is_left_to_the_rules() -> None:
    """Its net may pass the line's although its gross does not."""
    above, off = make_discount(BARE, 1)
    above = msgspec.structs.replace(above, gross_fen=11_306)
    off = msgspec.structs.replace(off, net_fen=None, gross_fen=-11_305)
    draft = lawful_draft(lines=(above, off, make_line()))

    assert not is_plain(draft, LAW)
    assert says_of_the_rules(draft) == ["discount-too-large"]


@st.composite
def spoilt_drafts(draw: st.DrawFn) -> Draft:
    """A lawful draft with up to four of its fields changed."""
    draft: Draft = draw(lawful_drafts(max_lines=4) | st.sampled_from(BASES))
    for _ in range(draw(st.integers(0, 4))):
        if not draft.lines or draw(st.integers(0, 3)) == 0:
            draft = msgspec.structs.replace(draft, **dict((draw(st.sampled_from(OF_HEADER)),)))
        elif draw(st.integers(0, 3)) == 0:
            side = draw(st.sampled_from(["seller", "buyer"]))
            draft = changed_party(draft, side, draw(st.sampled_from(OF_PARTY)))
        else:
            place = draw(st.integers(0, len(draft.lines) - 1))
            draft = changed_line(draft, place, draw(st.sampled_from(OF_TEXTS + OF_AMOUNTS)))
    return draft


@settings(max_examples=300, deadline=None)
@given(spoilt_drafts() | sampled_drafts())
def test_a_heap_of_faults(draft: Draft) -> None:
    found = says_of_the_rules(draft)

    assert not is_plain(draft, LAW) or found == []
    assert [violation.code for violation in check(draft, on=DAY)] == found


@given(lawful_drafts(), st.sampled_from([date(2019, 3, 31), date(2025, 6, 1), date(2028, 1, 1)]))
def test_on_every_day_too(draft: Draft, day: date) -> None:
    assert not is_plain(draft, law_on(day)) or says_of_the_rules(draft, day) == []


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
    small = lawful_draft(scheme="small_scale", lines=(make_line(rate_bp=100),))
    with_tax = make_line(net_fen=None, gross_fen=10_000)
    discounted = lawful_draft(lines=make_discount(with_tax, 500))

    for draft in (*BASES, small, discounted, lawful_draft(buyer=PERSON)):
        assert is_plain(draft, LAW), draft
