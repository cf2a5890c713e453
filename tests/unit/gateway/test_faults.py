"""Faults: what the fast decoder refuses is explained, and nothing else is."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaipiao.base.canonical import canonical
from kaipiao.base.repeated import has_repeated_member, repeats_a_member
from kaipiao.fiscal.draft import Draft
from kaipiao.gateway import asks
from kaipiao.gateway.fault_words import SAYINGS
from kaipiao.gateway.faults import find_faults
from kaipiao.issuing.verify import Question
from tests.strategies import lawful_draft, lawful_drafts

DRAFT = json.loads(canonical(lawful_draft()))

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2026-11-24", "2026-11-24T04:00:00Z", "26311000000000000001", "*", "0"])
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


def is_taken(body: bytes, kind: Any) -> bool:
    """The oracle: what the decoder that answers calls says."""
    try:
        msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError):
        return False
    return not has_repeated_member(body)


@st.composite
def damaged(draw: st.DrawFn, whole: Any) -> bytes:
    """``whole`` with some of its places replaced, removed, added to, or given twice."""
    value = deepcopy(whole)
    for _ in range(draw(st.integers(0, 3))):
        place = value
        while draw(st.booleans()) and place:
            inner = list(place.values()) if isinstance(place, dict) else list(place)
            inside = [one for one in inner if isinstance(one, dict | list) and one]
            if not inside:
                break
            place = draw(st.sampled_from(inside))
        name = (
            draw(st.sampled_from([*sorted(place), "x", "element", "tag"]))
            if isinstance(place, dict)
            else draw(st.integers(0, len(place) - 1))
        )
        if isinstance(place, dict) and draw(st.booleans()):
            place.pop(name, None)
        else:
            place[name] = draw(values)
    return json.dumps(value).encode()


SHAPES = [
    (Draft, DRAFT),
    (asks.BatchLine, {"key": "k", "draft": DRAFT}),
    (asks.RedLetterAsk, {"reason": "01", "lines": [{"line": 0, "net_fen": 1}], "remark": "r"}),
    (asks.OpenForm, {"number": "26311000000000000001", "reason": "01", "by": "buyer"}),
    (asks.UseAsk, {"use": "booked"}),
    (asks.CreditAsk, {"limit_fen": 5}),
    (
        asks.KeyAsk,
        {"tenant": "t", "name": "n", "may": ["read"], "taxpayers": ["*"], "expires_at": None},
    ),
    (
        Question,
        {
            "number": "26311000000000000001",
            "issued_on": "2026-11-24",
            "gross_fen": 5,
            "kind": "special",
        },
    ),
]


@pytest.mark.parametrize(("kind", "whole"), SHAPES, ids=lambda one: getattr(one, "__name__", ""))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_there_are_faults_exactly_where_the_decoder_refuses(
    kind: Any, whole: Any, data: st.DataObject
) -> None:
    body = data.draw(damaged(whole))

    assert (find_faults(body, kind) == []) == is_taken(body, kind)


@given(st.binary(max_size=60))
def test_any_bytes_are_explained(body: bytes) -> None:
    assert (find_faults(body, asks.UseAsk) == []) == is_taken(body, asks.UseAsk)


@given(lawful_drafts())
def test_a_lawful_draft_has_none(draft: Draft) -> None:
    assert find_faults(canonical(draft), Draft) == []


def test_every_fault_points_at_its_place_in_both_languages() -> None:
    body = json.dumps({"use": 5, "a/b~c": 1}).encode()
    found = find_faults(body, asks.UseAsk)

    assert [(one.code, one.path) for one in found] == [
        ("unknown-member", "/a~1b~0c"),
        ("not-a-choice", "/use"),
    ]
    assert all(one.zh and one.en for one in found)


def test_our_answer_repeats_no_kilobytes_and_no_surrogates() -> None:
    body = b'{"use":"booked","' + b"x" * 10_000 + b'":1,"\\ud800":2}'
    found = find_faults(body, asks.UseAsk)

    assert len(found) == 2
    assert len(msgspec.json.encode(found)) < 2_000


def test_faults_without_number_are_cut_short() -> None:
    body = json.dumps({f"x{n}": 1 for n in range(5_000)}).encode()

    assert len(find_faults(body, asks.UseAsk)) == 1_001


# Members given twice: the quick answer is the exact one

texts = st.sampled_from(["", ":", '"a":', "\\u003a", "u003a", "冒号:"]) | st.text(max_size=4)


@settings(max_examples=300)
@given(
    remark=texts,
    issuer=texts,
    twice=st.sampled_from([None, "remark", "kind", "lines", "payee"]),
    spelt_out=st.booleans(),
    ascii_only=st.booleans(),
    spaced=st.booleans(),
)
def test_the_quick_look_for_repeated_members_misses_none(
    remark: str, issuer: str, twice: str | None, spelt_out: bool, ascii_only: bool, spaced: bool
) -> None:
    value = {**DRAFT, "remark": remark, "issuer": issuer}
    if spelt_out:
        value |= {"payee": "", "scheme": "general"}
    separators = (", ", " : ") if spaced else (",", ":")
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)
    if twice:
        again = json.dumps({twice: value.get(twice, "")}, ensure_ascii=ascii_only)
        text = f"{again[:-1]},{text[1:]}"
    body = text.encode("utf-8", "surrogatepass")
    try:
        draft = msgspec.json.decode(body, type=Draft)
    except ValueError:
        return
    assert repeats_a_member(body, canonical(draft)) == has_repeated_member(body)


def test_no_colon_hides_behind_an_escape() -> None:
    """One colon is spelt out of sight, and a repeated member brings one in its place."""
    once = canonical(lawful_draft(remark="a:b")).replace(b'"a:b"', b'"a\\u003ab"')
    twice = b'{"kind":"special",' + once[1:]
    draft = msgspec.json.decode(twice, type=Draft)

    assert twice.count(b":") == canonical(draft).count(b":")
    assert repeats_a_member(twice, canonical(draft))
    assert not repeats_a_member(once, canonical(draft))


def test_the_quick_look_may_rely_on_left_out_defaults() -> None:
    """It counts colons, so no struct inside a draft may write a member that was not sent."""
    seen: set[type] = set()

    def look(kind: msgspec.inspect.Type) -> None:
        for inner in getattr(kind, "types", ()):
            look(inner)
        if isinstance(kind, msgspec.inspect.Metadata):
            look(kind.type)
        if isinstance(kind, msgspec.inspect.VarTupleType):
            look(kind.item_type)
        if isinstance(kind, msgspec.inspect.StructType) and kind.cls not in seen:
            seen.add(kind.cls)
            assert kind.cls.__struct_config__.omit_defaults, kind.cls
            for field in kind.fields:
                look(field.type)

    look(msgspec.inspect.type_info(Draft))
    assert len(seen) > 10


def test_the_reference_lists_every_code() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/http.md").read_text("utf-8")
    table = page.split("| code | means |")[1].split("\n\n")[0]

    assert set(re.findall(r"`([a-z0-9-]+)`", table)) == set(SAYINGS)
