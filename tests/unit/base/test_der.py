"""DER is read strictly: one value has one encoding."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base import der
from kaipiao.base.der import SEQUENCE, Value, parse_der, parse_oid
from kaipiao.base.unreadable import Unreadable


def test_a_public_key_comes_apart_as_rfc_8410_says() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    algorithm, bits = parse_der(data).children()

    assert parse_oid(algorithm.children()[0]) == "1.3.101.112"
    assert bits.as_bits() == key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    assert algorithm.raw + bits.raw == parse_der(data).content


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("nothing", ""),
        ("only a tag", "30"),
        ("longer than there is", "300501"),
        ("something after it", "020101ff"),
        ("a length longer than need be", "02810101"),
        ("a length with a leading zero", "0282008001" + "00" * 127),
        ("an indefinite length", "30800000"),
        ("a long tag", "1f810100"),
    ],
)
def test_a_second_spelling_is_refused(name: str, data: str) -> None:
    with pytest.raises(Unreadable):
        parse_der(bytes.fromhex(data))


def test_bits_must_be_whole_bytes() -> None:
    with pytest.raises(Unreadable):
        parse_der(bytes.fromhex("030204f0")).as_bits()


def test_known_names_of_algorithms() -> None:
    assert parse_oid(parse_der(bytes.fromhex("06082a811ccf55018375"))) == "1.2.156.10197.1.501"
    assert parse_oid(parse_der(bytes.fromhex("0603550403"))) == "2.5.4.3"
    for wrong in ("0600", "06022a81", "020155"):
        with pytest.raises(Unreadable):
            parse_oid(parse_der(bytes.fromhex(wrong)))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_unreadable(data: bytes) -> None:
    for tried in (data, bytes((SEQUENCE, min(len(data), 127))) + data[:127]):
        try:
            value = parse_der(tried)
            assert value.raw == tried
            assert b"".join(child.raw for child in _children(value)) in (b"", value.content)
        except Unreadable:
            pass


def _children(value: Value) -> list[Value]:
    return value.children() if value.tag & 0x20 else []


@given(st.integers(0, 2**160), st.binary(max_size=70_000), st.text(max_size=40))
def test_what_is_written_reads_the_same(number: int, content: bytes, text: str) -> None:
    written = der.sequence(
        der.integer(number), der.octets(content), der.utf8(text), der.context(2, der.bits(content))
    )

    whole, held, said, wrapped = parse_der(written).as_sequence()

    assert int.from_bytes(whole.content, "big", signed=True) == number
    assert (held.as_octets(), said.as_text()) == (content, text)
    assert wrapped.children()[0].as_bits() == content


arcs = st.lists(st.integers(0, 2**40), max_size=8)


@given(st.integers(0, 2), st.integers(0, 39), arcs)
def test_an_oid_is_written_as_it_is_read(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))

    assert parse_oid(parse_der(der.oid(dotted))) == dotted


def test_a_set_is_written_in_order_whatever_the_order_given() -> None:
    assert der.set_of(der.integer(2), der.integer(1)) == der.set_of(der.integer(1), der.integer(2))


def test_known_answers_of_writing() -> None:
    """X.690, 8.19 and the OID of SM2 with SM3."""
    assert der.oid("2.999.3").hex() == "0603883703"
    assert der.oid("1.2.156.10197.1.501").hex() == "06082a811ccf55018375"
    assert (der.integer(0).hex(), der.integer(128).hex()) == ("020100", "02020080")


def test_a_value_of_a_million_values_is_refused_at_once() -> None:
    crumbs = b"\x05\x00" * 1_000_000
    value = parse_der(b"\x30\x83" + len(crumbs).to_bytes(3, "big") + crumbs)

    with pytest.raises(Unreadable):
        value.children()
