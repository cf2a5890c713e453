"""The same file names the same sales, in whatever form the drafts come."""

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.cli.drafts import read_items
from kaipiao.fiscal.draft import Draft
from kaipiao.gateway.draft_lines import Item
from tests.strategies import lawful_draft

DRAFTS = [lawful_draft(), msgspec.structs.replace(lawful_draft(), remark="two")]


def read(content: bytes) -> list[Item]:
    return list(read_items(io.BytesIO(content)))


def as_json(draft: Draft) -> bytes:
    return msgspec.json.encode(draft)


FORMS = {
    "lines": b"\n".join(map(as_json, DRAFTS)),
    "lines with blank ones and a mark": b"\xef\xbb\xbf"
    + as_json(DRAFTS[0])
    + b"\n\n"
    + as_json(DRAFTS[1])
    + b"\n",
    "an array on one line": b"[" + b",".join(map(as_json, DRAFTS)) + b"]",
    "an array over many lines": msgspec.json.format(
        b"[" + b",".join(map(as_json, DRAFTS)) + b"]", indent=2
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_drafts_and_keys(form: str) -> None:
    items = read(FORMS[form])

    assert [item.read for item in items] == DRAFTS
    assert [item.key for item in items] == [item.key for item in read(FORMS["lines"])]


def test_one_draft_may_be_spread_over_many_lines() -> None:
    (item,) = read(msgspec.json.format(as_json(DRAFTS[0]), indent=4))

    assert item.read == DRAFTS[0]
    assert item.key == read(as_json(DRAFTS[0]))[0].key


@given(st.lists(st.sampled_from(DRAFTS), max_size=8))
def test_a_sale_made_twice_is_two_sales_and_stays_so(drafts: list[Draft]) -> None:
    content = b"\n".join(map(as_json, drafts))
    keys = [item.key for item in read(content)]

    assert len(set(keys)) == len(drafts)
    assert keys == [item.key for item in read(content)]


def test_an_envelope_brings_its_own_key() -> None:
    content = msgspec.json.encode({"key": "order-1", "draft": DRAFTS[0]})

    assert read(content) == [Item(1, "order-1", DRAFTS[0])]


@pytest.mark.parametrize("key", ['""', '"a b"', '"中"', "5", "null", '"' + "x" * 129 + '"'])
def test_a_key_that_is_none_is_a_fault_of_its_line(key: str) -> None:
    content = b'{"key": ' + key.encode() + b', "draft": ' + as_json(DRAFTS[0]) + b"}"
    (item,) = read(content)

    assert isinstance(item.read, list)
    assert item.read[0].path == "/key"


@pytest.mark.parametrize("wrapped", [False, True])
def test_every_fault_of_a_draft_is_told_with_its_place_in_the_draft(wrapped: bool) -> None:
    draft = msgspec.json.encode({**msgspec.to_builtins(DRAFTS[0]), "kind": "gift", "issuer": 5})
    content = b'{"key": "k", "draft": ' + draft + b"}" if wrapped else draft
    (item,) = read(content)

    assert isinstance(item.read, list)
    assert {fault.path for fault in item.read} == {"/kind", "/issuer"}


def test_one_line_that_is_no_json_spoils_no_other() -> None:
    items = read(as_json(DRAFTS[0]) + b"\nnot json\n" + as_json(DRAFTS[1]))

    assert [item.is_json for item in items] == [True, False, True]
    assert [item.line for item in items] == [1, 2, 3]


@given(st.binary(max_size=300))
def test_no_bytes_are_an_accident(content: bytes) -> None:
    for item in read(content.replace(b"PK\x03\x04", b"")):
        assert isinstance(item.read, (Draft, list))
