"""Leaves: what the public log learns of an invoice, which is nothing but a salted digest.

A leaf is 32 bytes, SHA-256 over fixed-width fields (big-endian, signed 64-bit integers):

    "kaipiao/issued/v1\\0" · salt (16) · number (20, ASCII) · issued_at (µs since 1970, UTC)
    · net_fen · tax_fen · digest of the canonical draft (32)

Whoever holds the invoice and its salt can make the leaf again; whoever holds only the leaf
can confirm no guess.  Salts of one batch come from one secret by keyed BLAKE2b (RFC 7693),
so opening one tells nothing of its neighbours.
"""

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import NewType

from kaipiao.base.canonical import Digest
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.number import InvoiceNumber

Leaf = NewType("Leaf", bytes)

LEAF_BYTES = 32
SALT_BYTES = 16
SECRET_BYTES = 32
_PREFIX = b"kaipiao/issued/v1\0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_pack = struct.Struct(">16s20sqqq32s").pack


def salt_of(secret: bytes, serial: int) -> bytes:
    """The salt of one invoice of a batch whose ``secret`` is 32 random bytes."""
    return hashlib.blake2b(serial.to_bytes(8, "big"), key=secret, digest_size=SALT_BYTES).digest()


def microseconds(instant: datetime) -> int:
    """Whole microseconds since 1970-01-01 UTC, exactly."""
    return (instant - _EPOCH) // _MICROSECOND


def leaf_of(
    number: InvoiceNumber, issued_us: int, totals: Amounts, digest: Digest, salt: bytes
) -> Leaf:
    assert len(salt) == SALT_BYTES
    fields = _pack(salt, number.encode("ascii"), issued_us, totals.net_fen, totals.tax_fen, digest)
    return Leaf(hashlib.sha256(_PREFIX + fields).digest())
