"""The compiled passage says what the one in Python says, or nothing.

If it ever said more, an unlawful invoice would be issued; if it spelt differently, a repeat would
be refused.  So bodies are written in every way JSON allows, spoilt by member and by byte, and the
two are compared.  The one in Python is itself held to the decoder, the rules and the amounts.
"""

import json
from collections.abc import Callable, Sequence
from itertools import combinations, islice, product
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kaipiao.base.canonical import canonical
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import flatten, totals_of
from kaipiao.fiscal.plain import Passage
from kaipiao.fiscal.sample import sample_drafts
from kaipiao.fiscal.settle import settle
from kaipiao.regimes.cn.law import law_on
from kaipiao.regimes.cn.passage import SlowPassage, SwiftPassage, passage_on, shown_in_bmp
from kaipiao.regimes.cn.plain import is_plain
from kaipiao.regimes.cn.rules import check
from tests.strategies import (
    BUYER,
    DAY,
    PERSON,
    SELLER,
    lawful_draft,
    lawful_drafts,
    make_discount,
    make_line,
    sampled_drafts,
)

LAW = law_on(DAY)
SLOW = SlowPassage(LAW)


@pytest.fixture(scope="module")
def swift() -> Passage:
    if SwiftPassage is None:
        pytest.skip("this installation was built without a compiler")
    return SwiftPassage(LAW, shown_in_bmp())


BOTH: tuple[Callable[[], Passage], ...] = (lambda: SLOW, lambda: passage_on(DAY))

TEXTS = (
    "", " ", "x", " x", "x ", "é", "壹", "\u3000", "\u00a0", "\u2028", "\u202e", "a\nb", "a\tb",
    "\x00", "\x7f", "a/b", 'a"b', "a\\b", "\ud83d", "😀", "𠮷", "x" * 40, "x" * 41, "中" * 22,
    "中" * 23, "x" * 100, "x" * 101, "x" * 121, "x" * 201, "x" * 301, "*a*b", "*a*", "**b", "*a* ",
    "* *b", "*a b*c", "*中*文", "*a*" + "x" * 97, "*a*" + "x" * 98,
)  # fmt: skip
IDS = (
    "", SELLER.taxpayer_id, BUYER.taxpayer_id, SELLER.taxpayer_id.lower(), "9" * 15, "9" * 17,
    "11010519491231002X", "110105194912310021", "11010519491231002X00", "91110000600037341M",
    "９" * 18, "壹" * 6,
)  # fmt: skip
NUMBERS = (
    None, 0, 1, -1, 5, 6, 7, 99, 100, -100, 1_300, 1_306, 1_307, 10_000, -10_000, 11_300, 11_306,
    11_307, 10**14, 10**14 + 1, 10**17, 10**18 - 1, 10**18, -(10**18), 2**63, 2**80, 1.0, 1.5, "1",
    True,
)  # fmt: skip
DECIMALS = (
    "", "0", "1", "2", "-2", "+2", "02", "2.", ".5", "0.5", "00.5", "50", "50.005", "50.0051",
    "0.0000000000001", "100.00", "100.0000000000000", "1e3", "１", "9" * 12, "9" * 13,
    "999999999999.999999", "1234567.12345678901", "49.995", "49.9949", "2.0002", "2.00021",
)  # fmt: skip
LINE_MEMBERS: dict[str, tuple[Any, ...]] = {
    "name": TEXTS, "spec": TEXTS, "unit": TEXTS,
    "tax_class": ("", "1" * 18, "1" * 19, "1" * 20, "１" * 19, "x" * 19),
    "rate_bp": (0, 1, 100, 300, 500, 600, 900, 1_300, 1_700, -1_300, None, "1300"),
    "net_fen": NUMBERS, "gross_fen": NUMBERS, "tax_fen": NUMBERS, "deduction_fen": NUMBERS,
    "quantity": DECIMALS, "unit_price": DECIMALS,
    "nature": ("normal", "discount", "discounted", "", "norma", "normally", None),
    "treatment": ("taxed", "zero_rated", "exempt", "untaxed", "", None),
    "unknown": (1,),
}  # fmt: skip
PARTY_MEMBERS: dict[str, tuple[Any, ...]] = {
    "name": TEXTS, "address": TEXTS, "telephone": TEXTS, "bank": TEXTS, "account": TEXTS,
    "taxpayer_id": IDS, "natural_person": (True, False, None, 0, "true"), "unknown": (1,),
}  # fmt: skip
DRAFT_MEMBERS: dict[str, tuple[Any, ...]] = {
    "kind": ("special", "ordinary", "", None), "issuer": TEXTS, "payee": TEXTS, "remark": TEXTS,
    "reviewer": TEXTS, "scheme": ("general", "small_scale", ""),
    "margin": ("none", "full", "difference"), "element": (None, {"code": "01"}),
    "reversal": (None, {}), "lines": ([], None, {}), "seller": (None, {}, []), "unknown": (1,),
}  # fmt: skip


def spelt(value: object, rng: Random) -> bytes:
    """The same JSON value in one of the many ways to write it."""
    text = json.dumps(
        shuffled(value, rng),
        ensure_ascii=rng.random() < 0.5,
        indent=rng.choice((None, None, 1)),
        separators=rng.choice((None, (",", ":"), (" , ", "\t:\r\n "))),
    )
    return text.encode("utf-8", "surrogatepass")


def shuffled(value: object, rng: Random) -> object:
    if isinstance(value, dict):
        members = list(value.items())
        rng.shuffle(members)
        return {name: shuffled(one, rng) for name, one in members}
    return [shuffled(one, rng) for one in value] if isinstance(value, list) else value


def spoil(value: dict[str, Any], rng: Random) -> None:
    """Change one member somewhere, or leave it out."""
    places: list[tuple[Any, dict[str, tuple[Any, ...]]]] = [(value, DRAFT_MEMBERS)]
    places += [(value.get(party), PARTY_MEMBERS) for party in ("seller", "buyer")]
    places += [(line, LINE_MEMBERS) for line in value.get("lines") or ()] * 2
    place, members = rng.choice(places)
    if not isinstance(place, dict):
        return
    name = rng.choice(list(members))
    if rng.random() < 0.1:
        place.pop(name, None)
    else:
        place[name] = rng.choice(members[name])


HANDMADE = [
    lawful_draft(),
    lawful_draft(kind="special"),
    lawful_draft(buyer=PERSON, kind="ordinary"),
    lawful_draft(lines=make_discount(make_line(), 1_000)),
    *(
        lawful_draft(lines=(make_line(quantity="", unit_price="", **given),))
        for given in (
            {"net_fen": 10_000, "gross_fen": 11_303},
            {"net_fen": 10_000, "tax_fen": 1_302},
            {"net_fen": None, "gross_fen": 11_300, "tax_fen": 1_302},
            {"net_fen": 10_000, "gross_fen": 11_303, "tax_fen": 1_303},
        )
    ),
    lawful_draft(lines=(make_line(),) * 64),
    lawful_draft(lines=(make_line(),) * 65),
]
PIECES = (
    b"\0",
    b"\xe0\x81\x81",
    b"\xc1\x81",
    b"\xed\xa0\x80",
    b"\xf0\x82\x82\xac",
    b",",
    b'"',
    b"}",
    b"\\u0041",
    b"\\n",
    b"\xff",
    b"0",
    b" ",
    b"\xc3",
    b"-",
    b"e1",
)


def drafts() -> st.SearchStrategy[Draft]:
    return st.one_of(lawful_drafts(), sampled_drafts(), st.sampled_from(HANDMADE))


def same_or_nothing(swift: Passage, body: bytes) -> bool:
    found = swift.read(body)
    assert found is None or found == SLOW.read(body)
    return found is not None


@given(drafts(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_plain_drafts_pass_however_they_are_spelt(
    swift: Passage, draft: Draft, rng: Random
) -> None:
    body = spelt(msgspec.to_builtins(draft), rng)

    found = swift.read(body)

    assert found == SLOW.read(body) or len(draft.lines) > 64
    if draft.element is None and is_plain(draft, LAW) and len(draft.lines) <= 64:
        assert found is not None


EXEMPT = make_line(treatment="exempt", rate_bp=0)
BASES = [
    lawful_draft(kind="special"),
    lawful_draft(kind="ordinary", lines=(EXEMPT, make_line(quantity="", unit_price=""))),
    lawful_draft(lines=make_discount(make_line(quantity="", unit_price=""), 1_000)),
]


def members_of(value: dict[str, Any]) -> list[tuple[Any, dict[str, tuple[Any, ...]]]]:
    """Every object in a draft, and what may be tried with its members."""
    parties = [(value[one], PARTY_MEMBERS) for one in ("seller", "buyer")]
    return [(value, DRAFT_MEMBERS), *parties, *((one, LINE_MEMBERS) for one in value["lines"])]


def changed(base: Draft, place: int, changes: Sequence[tuple[str, Any]]) -> bytes:
    value = msgspec.json.decode(canonical(base))
    members_of(value)[place][0].update(changes)
    return json.dumps(value).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("base", BASES, ids=["special", "exempt", "discount"])
def test_every_single_change_and_every_pair_of_amounts_is_read_alike(
    swift: Passage, base: Draft
) -> None:
    for place, (_, members) in enumerate(members_of(msgspec.json.decode(canonical(base)))):
        for name, values in members.items():
            for value in values:
                same_or_nothing(swift, changed(base, place, [(name, value)]))
        if "net_fen" in members:
            for one, other in combinations(AMOUNTS, 2):
                for pair in product(members[one], members[other]):
                    changes = list(zip((one, other), pair, strict=True))
                    same_or_nothing(swift, changed(base, place, changes))


AMOUNTS = ("net_fen", "gross_fen", "tax_fen", "quantity", "unit_price")


@pytest.mark.parametrize("base", BASES, ids=["special", "exempt", "discount"])
def test_what_is_left_out_is_missed(swift: Passage, base: Draft) -> None:
    value = msgspec.json.decode(canonical(base))
    for place, (member, _) in enumerate(members_of(value)):
        for name in member:
            left = msgspec.json.decode(canonical(base))
            del members_of(left)[place][0][name]
            same_or_nothing(swift, json.dumps(left).encode())


@pytest.mark.parametrize("count", [21, 22])
def test_taxes_a_little_off_add_up(swift: Passage, count: int) -> None:
    off = make_line(tax_fen=1_306)
    body = canonical(lawful_draft(lines=(off,) * count))

    assert (swift.read(body) is None) == (SLOW.read(body) is None) == (count == 22)


def pool() -> list[Draft]:
    """Two hundred drafts of every trade, and the handmade ones."""
    return [*islice(sample_drafts(1), 200), *HANDMADE]


def test_spoilt_drafts_are_read_alike_or_not_at_all(swift: Passage) -> None:
    drafts, rng, passed = pool(), Random(1), 0
    for _ in range(6_000):
        value = msgspec.json.decode(canonical(rng.choice(drafts)))
        for _ in range(rng.choice((1, 1, 2, 3))):
            spoil(value, rng)
        passed += same_or_nothing(swift, spelt(value, rng))

    assert 300 < passed < 5_000  # some changes are harmless, and many are not


def test_broken_bytes_are_read_alike_or_not_at_all(swift: Passage) -> None:
    drafts, rng, passed = pool(), Random(2), 0
    for _ in range(6_000):
        body = bytearray(spelt(msgspec.to_builtins(rng.choice(drafts)), rng))
        for _ in range(rng.choice((1, 1, 2, 3))):
            break_one(body, rng)
        passed += same_or_nothing(swift, bytes(body))

    assert 300 < passed < 5_000


def break_one(body: bytearray, rng: Random) -> None:
    at = rng.randrange(len(body) + 1)
    match rng.randrange(5):
        case 0:
            body[at : at + 1] = bytes((rng.randrange(256),))
        case 1:
            del body[at : at + rng.randrange(1, 5)]
        case 2:
            body[at:at] = rng.choice(PIECES)
        case 3:
            body[at:at] = body[at : at + rng.randrange(1, 30)]
        case 4:
            del body[at + len(body) // 2 :]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"[]", b"null", b'"', b"{,}", b'{"kind":', b"\xef\xbb\xbf{}", b"\0", b" "],
)
def test_what_is_no_draft_is_not_read(swift: Passage, body: bytes) -> None:
    assert swift.read(body) is None
    assert swift.read_keyed(body) is None


def test_a_member_given_twice_is_left_to_those_who_say_no(swift: Passage) -> None:
    body = canonical(lawful_draft())
    twice = body[:-1] + b',"issuer":"' + b"x" * 3 + b'"}'

    assert SLOW.read(body) is not None
    assert swift.read(twice) is SLOW.read(twice) is None


@pytest.mark.parametrize("passage", BOTH)
@given(draft=drafts())
@settings(max_examples=100, deadline=None)
def test_what_passes_is_what_the_decoder_the_rules_and_the_amounts_say(
    passage: Callable[[], Passage], draft: Draft
) -> None:
    if (found := passage().read(canonical(draft))) is None:
        return
    seller, payload, amounts, net_fen, tax_fen = found
    lines = settle(draft)

    assert check(draft, on=DAY) == []
    assert (seller, payload) == (draft.seller.taxpayer_id, canonical(draft))
    assert amounts == flatten(lines)
    assert (net_fen, tax_fen) == msgspec.structs.astuple(totals_of(lines))


KEYS = st.one_of(
    st.from_regex(r"\A[!-~]{1,20}\Z"),
    st.sampled_from(("x" * 128, "x" * 129, "", " ", "a b", "é", "a:b", 'a"b', "a\\b", "a\x7f")),
)


@given(draft=drafts(), key=KEYS, rng=st.randoms(use_true_random=False))
@example(draft=lawful_draft(), key="sale-1", rng=Random(1))
@settings(max_examples=100, deadline=None)
def test_a_keyed_line_is_its_key_and_its_draft(
    swift: Passage, draft: Draft, key: str, rng: Random
) -> None:
    line = spelt({"key": key, "draft": msgspec.to_builtins(draft)}, rng)

    slow, found = SLOW.read_keyed(line), swift.read_keyed(line)

    assert slow in (None, (key, SLOW.read(canonical(draft))))
    assert found in (None, slow)
    if slow is not None and not {'"', "\\"} & set(key) and len(draft.lines) <= 64:
        assert found == slow


@pytest.mark.parametrize("key", ["", "x", "x" * 128, "x" * 129, " x", "x y", "\x7f", "é", "~!"])
def test_the_edges_of_a_key(swift: Passage, key: str) -> None:
    line = msgspec.json.encode({"key": key, "draft": lawful_draft()})

    assert swift.read_keyed(line) == SLOW.read_keyed(line)


def test_no_character_is_spelt_longer_than_it_must(swift: Passage) -> None:
    body = canonical(lawful_draft(remark="A"))
    for spelling in (b"\xc1\x81", b"\xe0\x81\x81", b"\xf0\x80\x81\x81", b"\xed\xa0\x80"):
        overlong = body.replace(b'"remark":"A"', b'"remark":"%b"' % spelling)
        assert swift.read(overlong) is SLOW.read(overlong) is None


@pytest.mark.parametrize(
    "line",
    [
        b'{"key":"a"}',
        b'{"draft":{}}',
        b'{"draft":%b}' % canonical(lawful_draft()),
        b'{"key":"a","key":"b","draft":{}}',
        b"{}",
        b"[]",
    ],
)
def test_half_a_line_is_not_read(swift: Passage, line: bytes) -> None:
    assert swift.read_keyed(line) is SLOW.read_keyed(line) is None
