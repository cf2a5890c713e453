"""XML from strangers is read, or refused with a reason; nothing is fetched or expanded."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.markup import (
    MAX_ASTRAL_BYTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_EQUALS,
    MAX_TEXT_CHARS,
    Allowance,
    parse_xml,
)
from kaipiao.base.unreadable import Unreadable

BOMB = b"""<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>"""
OUTSIDE = b"""<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>"""


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, b"<!DOCTYPE a><a/>"])
def test_a_doctype_is_refused_before_anything_is_expanded(data: bytes) -> None:
    with pytest.raises(Unreadable, match="DOCTYPE"):
        parse_xml(data)


def test_depth_and_number_of_elements_are_bounded() -> None:
    deepest = b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH
    assert parse_xml(deepest).tag == "a"
    with pytest.raises(Unreadable, match="levels"):
        parse_xml(b"<a>" + deepest + b"</a>")
    with pytest.raises(Unreadable, match="elements"):
        parse_xml(b"<a>" + b"<b/>" * MAX_ELEMENTS + b"</a>")


def test_texts_and_attributes_are_bounded() -> None:
    with pytest.raises(Unreadable, match="characters in one text"):
        parse_xml(b"<a>" + b"x" * (MAX_TEXT_CHARS + 1) + b"</a>")
    with pytest.raises(Unreadable, match="attributes"):
        parse_xml(b"<a " + b'b="" ' * (MAX_EQUALS + 1) + b"/>")
    with pytest.raises(Unreadable, match="rare characters"):
        parse_xml(b"<a>" + "\U00020000".encode() * (MAX_ASTRAL_BYTES // 4 + 1) + b"</a>")
    assert parse_xml("<a>\U00020000</a>".encode()).text == "\U00020000"


def test_several_parts_share_one_allowance() -> None:
    allowance = Allowance()
    half = b"<a>" + b'<b c=""/>' * (MAX_ELEMENTS // 2) + b"</a>"

    parse_xml(half, allowance=allowance)
    with pytest.raises(Unreadable, match="elements"):
        parse_xml(half, allowance=allowance)


def test_an_empty_prefix_and_an_undeclared_one_are_tolerated() -> None:
    root = parse_xml(b'<:eInvoice xmlns:=""><ofd:Ref PageRef="1">64</ofd:Ref></:eInvoice>')

    assert (root.tag, root[0].tag, root[0].get("PageRef"), root[0].text) == (
        "eInvoice",
        "Ref",
        "1",
        "64",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb2312", "gb18030", "utf-16"])
def test_the_encodings_of_the_trade_are_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?><发票>价税合计</发票>'

    root = parse_xml(text.encode(encoding))

    assert (root.tag, root.text) == ("发票", "价税合计")


@pytest.mark.parametrize("encoding", ["utf-7", "rot13", "idna", "unknown", "hex"])
def test_an_encoding_that_is_none_of_the_trades_is_refused(encoding: str) -> None:
    with pytest.raises(Unreadable):
        parse_xml(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode())


@given(st.binary(max_size=300))
def test_any_bytes_are_a_tree_or_unreadable(data: bytes) -> None:
    for tried in (data, b"<a>" + data + b"</a>", b'<?xml version="1.0" encoding="' + data):
        with contextlib.suppress(Unreadable):
            parse_xml(tried)
