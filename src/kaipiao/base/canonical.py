"""Canonical bytes: one value, one spelling, one digest.

A struct's fields are written in the order of its class and defaults are left out, so a
caller who re-indents, re-orders or spells out a default still sends the same value, and a
field added later with a default leaves the digests of yesterday's values as they were.
"""

import hashlib
from typing import NewType

import msgspec

Digest = NewType("Digest", bytes)
"""SHA-256 of canonical bytes, 32 bytes."""

_encoder = msgspec.json.Encoder()


def canonical(value: msgspec.Struct) -> bytes:
    """Compact UTF-8 JSON, fields in class order, defaults left out."""
    return _encoder.encode(value)


def digest(payload: bytes) -> Digest:
    return Digest(hashlib.sha256(payload).digest())
