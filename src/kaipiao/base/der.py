"""DER (ITU-T X.690), as much as walking a signature needs: tags, lengths, raw bytes.

Strict where a second reading would be a second meaning: definite and shortest lengths, single
byte tags, nothing after the end.  A value keeps the very bytes it came in (``raw``), because
those are what was signed.
"""

from typing import NamedTuple

from kaipiao.base.unreadable import Unreadable

INTEGER, BIT_STRING, OCTET_STRING, OID = 0x02, 0x03, 0x04, 0x06
UTF8_STRING, SEQUENCE, SET = 0x0C, 0x30, 0x31
CONSTRUCTED = 0x20


class Value(NamedTuple):
    """One tag-length-value: its tag, its content, and all of its bytes."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list["Value"]:
        """The values inside a constructed one.  Raises Unreadable."""
        if not self.tag & CONSTRUCTED:
            raise _malformed()
        inside, rest = [], self.content
        while rest:
            value, rest = _take(rest)
            inside.append(value)
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
    value, rest = _take(data)
    if rest:
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


def _take(data: bytes) -> tuple[Value, bytes]:
    """The first value of ``data``, and what follows it."""
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise _malformed()
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
        shortest = start - 2 == (length.bit_length() + 7) // 8 and length >= 0x80
        if not 3 <= start <= 6 or not shortest:
            raise _malformed()
    end = start + length
    if end > len(data):
        raise _malformed()
    return Value(data[0], data[start:end], data[:end]), data[end:]


def _malformed() -> Unreadable:
    return Unreadable(
        "", zh="签名数据不是有效的 DER 编码。", en="the signature data is not valid DER."
    )
