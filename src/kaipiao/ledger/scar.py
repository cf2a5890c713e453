"""Cutting one invoice out of a batch, so that its neighbours stay provable.  Pure.

All salts of a batch come from one secret, so the secret has to go, or the salt of the erased
invoice could be made again and guesses about it be confirmed.  Before it goes, every other salt is
made and written beside its invoice (``Stored.salt``).  Of the erased one its leaf remains.
"""

from hashlib import sha256

import msgspec
import zstandard

from kaipiao.fiscal.leaf import LEAF_BYTES, SECRET_BYTES, salt_of
from kaipiao.ledger.batch import CHUNK, MAX_CHUNK_BYTES, Blob, Stored, Unpacked

NO_SECRET = bytes(SECRET_BYTES)
"""In place of one that was destroyed."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Stored]).decode
_unpack_chunks = msgspec.msgpack.Decoder(list[bytes]).decode


def cut_out(payload: bytes, *, secret: bytes, first_serial: int, serial: int, leaf: bytes) -> bytes:
    """The batch's payload without the content of one invoice; the same if it is cut out already.

    ``secret`` may be ``NO_SECRET`` if another one was cut out before: then the salts are there.
    """
    assert len(leaf) == LEAF_BYTES
    compress = zstandard.ZstdCompressor(level=1).compress
    decompress = zstandard.ZstdDecompressor().decompress
    chunks: list[bytes] = []
    for number, chunk in enumerate(_unpack_chunks(payload)):
        stored = _unpack(decompress(chunk, max_output_size=MAX_CHUNK_BYTES))
        first = first_serial + number * CHUNK
        left = [_left(one, first + n, serial, secret, leaf) for n, one in enumerate(stored)]
        chunks.append(compress(_pack(left)))
    return _pack(chunks)


def _left(one: Stored, at: int, serial: int, secret: bytes, leaf: bytes) -> Stored:
    if one.is_erased:
        return one
    if at == serial:
        return Stored("", "", [], b"", leaf)
    if one.salt:
        return one
    assert secret != NO_SECRET, "its salt would be lost"
    return msgspec.structs.replace(one, salt=salt_of(secret, at))


def without_secret(batch: Unpacked, payload: bytes) -> Unpacked:
    """The batch as it will be read back, to be compared before anything is written."""
    return msgspec.structs.replace(batch, secret=NO_SECRET, stored=Blob(payload))


def payload_digest(payload: bytes) -> bytes:
    """By which the database knows that nobody changed the batch in between."""
    return sha256(payload).digest()
