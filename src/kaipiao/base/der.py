"""DER (ITU-T X.690), as much as signatures need: tags, lengths, raw bytes; read and written.

Strict where a second reading would be a second meaning: definite and shortest lengths, single
byte tags, nothing after the end.  A value keeps the very bytes it came in (``raw``), because
those are what was signed.
"""

from typing import NamedTuple

from kaipiao.base.unreadable import Unreadable

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8_STRING, IA5_STRING, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
CONSTRUCTED = 0x20
CONTEXT = 0xA0  # [0], constructed; add the number

MAX_CHILDREN = 10_000
"""Of one value; a certificate has some dozen."""


class Value(NamedTuple):
    """One tag-length-value: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list["Value"]:
        """The values inside a constructed one.  Raises Unreadable."""
        if not self.tag & CONSTRUCTED:
            raise _malformed()
        inside: list[Value] = []
        at = 0
        while at < len(self.content):
            value, at = _take(self.content, at)
            inside.append(value)
            if len(inside) > MAX_CHILDREN:
                raise _malformed()
        return inside

    def as_sequence(self) -> list["Value"]:
        """The values inside a SEQUENCE.  Raises Unreadable."""
        if self.tag != SEQUENCE:
            raise _malformed()
        return self.children()

    def as_octets(self) -> bytes:
        """The bytes of an OCTET STRING.  Raises Unreadable."""
        if self.tag != OCTET_STRING:
            raise _malformed()
        return self.content

    def as_bits(self) -> bytes:
        """The bytes of a BIT STRING without unused bits.  Raises Unreadable."""
        if self.tag != BIT_STRING or self.content[:1] != b"\x00":
            raise _malformed()
        return self.content[1:]

    def as_text(self) -> str:
        return self.content.decode("utf-8", "replace")


def parse_der(data: bytes) -> Value:
    """The one value that ``data`` is.

    Raises:
        Unreadable: not DER, or something follows it.
    """
    value, end = _take(data, 0)
    if end != len(data):
        raise _malformed()
    return value


def parse_oid(value: Value) -> str:
    """``1.2.156.10197.1.501``.  Raises Unreadable."""
    if value.tag != OID or not 0 < len(value.content) <= 64 or value.content[-1] & 0x80:
        raise _malformed()
    arcs, arc = [], 0
    for byte in value.content:
        arc = arc << 7 | byte & 0x7F
        if not byte & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def _take(data: bytes, at: int) -> tuple[Value, int]:
    """The value of ``data`` that begins at ``at``, and where it ends."""
    if len(data) < at + 2 or data[at] & 0x1F == 0x1F:
        raise _malformed()
    length, start = data[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[at + 2 : start], "big")
        shortest = start - at - 2 == (length.bit_length() + 7) // 8 and length >= 0x80
        if not 3 <= start - at <= 6 or not shortest:
            raise _malformed()
    end = start + length
    if end > len(data):
        raise _malformed()
    return Value(data[at], data[start:end], data[at:end]), end


def _malformed() -> Unreadable:
    return Unreadable(
        "", zh="签名数据不是有效的 DER 编码。", en="the signature data is not valid DER."
    )


def encode(tag: int, content: bytes) -> bytes:
    """One value, its length in the fewest bytes."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*values: bytes) -> bytes:
    return encode(SEQUENCE, b"".join(values))


def set_of(*values: bytes) -> bytes:
    return encode(SET, b"".join(sorted(values)))


def context(number: int, *values: bytes) -> bytes:
    """``[number]`` around values, explicit around one, implicit in place of a SET's tag."""
    return encode(CONTEXT + number, b"".join(values))


def integer(value: int) -> bytes:
    """A whole number that is not negative."""
    assert value >= 0
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(content: bytes) -> bytes:
    return encode(OCTET_STRING, content)


def bits(content: bytes) -> bytes:
    """A BIT STRING of whole bytes."""
    return encode(BIT_STRING, b"\x00" + content)


def utf8(text: str) -> bytes:
    return encode(UTF8_STRING, text.encode())


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    return encode(OID, b"".join(map(_base128, (40 * first + second, *rest))))


def _base128(number: int) -> bytes:
    groups = [number & 0x7F]
    while number := number >> 7:
        groups.append(number & 0x7F | 0x80)
    return bytes(reversed(groups))
