"""What a batch is made of: slim columns, one compressed blob, one leaf an invoice.  Pure.

The blob is a msgpack array of chunks, in the order of serials; each chunk is zstd (RFC 8878) over
a msgpack array of at most ``CHUNK`` ``Stored``.  To read one invoice is to unpack one chunk.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import NewType

import msgspec
import zstandard
from asyncpg.pgproto.pgproto import UUID

from kaipiao.base.canonical import Digest, digest
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice, Receipt, pair_up, totals_of
from kaipiao.fiscal.leaf import leaf_of, microseconds, salt_of
from kaipiao.fiscal.number import InvoiceNumber, Series, compose_number
from kaipiao.ports import Entry

KeyId = NewType("KeyId", bytes)
"""Sixteen bytes that stand for one (seller, key)."""

CHUNK = 100
"""Invoices compressed together.  A thousand take 6 % fewer bytes, cost a quarter more CPU to
compress (they leave the cache), and make a reader of one unpack a megabyte: 2.4 ms, not 0.13."""

MARK_BYTES = 8
"""Of a seller, and of a digest: by these an invoice is found.  A batch has both of each invoice
beside its blob, so that whoever derives the look-ups need not unpack it."""

MAX_CHUNK_BYTES = 64 << 20
"""No chunk of ours unpacks to more; one that claims to is damaged."""


class Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One invoice inside the blob.  ``asked`` is empty where it equals the content's digest.

    In a batch of which an invoice was erased (``scar.py``), each of the others has its ``salt``
    here, and of that one there is nothing but its leaf, in place of ``asked``.
    """

    seller: str
    key: str
    amounts: list[int]  # net, tax, net, tax, … in fen, one pair a line
    draft: bytes  # canonical
    asked: bytes
    salt: bytes = b""

    @property
    def is_erased(self) -> bool:
        return not self.draft


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Stored]).decode
_compress = zstandard.ZstdCompressor(level=1).compress
_unpack_chunks = msgspec.msgpack.Decoder(list[bytes]).decode
_decompress = zstandard.ZstdDecompressor().decompress
_decode_draft = msgspec.json.Decoder(Draft).decode


def key_id(seller: str, key: str) -> KeyId:
    return KeyId(sha256(f"{seller}\0{key}".encode()).digest()[:16])


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where and when a batch goes: its first number, its instant, and the secret of its salts."""

    series: Series
    first_serial: int
    issued_at: datetime
    secret: bytes


class Rows:
    """The parameters of one commit, and the receipts that it will prove once it is durable.

    One pass over the entries, in local variables: this loop runs for every invoice there is.
    """

    __slots__ = ("draws", "keys", "leaves", "marks", "payload", "receipts", "red_letters")

    def __init__(self, entries: Sequence[Entry], ids: Sequence[KeyId], place: Place) -> None:
        series, secret, issued_at = place.series, place.secret, place.issued_at
        issued_us = microseconds(issued_at)
        draws: dict[str, int] = {}
        leaves: list[bytes] = []
        marks: list[bytes] = []
        stored: list[tuple[str, str, tuple[int, ...], bytes, bytes]] = []
        receipts: list[Receipt] = []
        for serial, entry in enumerate(entries, place.first_serial):
            seller, totals, content = entry.seller, entry.totals, entry.digest
            number = compose_number(series, serial)
            leaves.append(leaf_of(number, issued_us, totals, content, salt_of(secret, serial)))
            marks.append(_seller_mark(seller) + content[:MARK_BYTES])
            asked = b"" if entry.asked is content else entry.asked
            stored.append((seller, entry.key, entry.amounts, entry.payload, asked))
            draws[seller] = draws.get(seller, 0) + entry.draws_fen
            receipts.append(_receipt(number, issued_at, entry))
        self.receipts = receipts
        self.keys = [UUID(one) for one in ids]
        # Sorted, so that two processes lock the same sellers in the same order.
        self.draws = sorted(draws.items())
        self.leaves = b"".join(leaves)
        self.marks = b"".join(marks)
        self.payload = _pack_blob(stored)
        self.red_letters = [
            (entry, receipt.number)
            for entry, receipt in zip(entries, receipts, strict=True)
            if entry.taken_back is not None
        ]

    def draw_columns(self) -> tuple[list[str], list[int]]:
        """Sellers and fen.  A batch that draws and gives back the same still needs its line."""
        return [seller for seller, _ in self.draws], [fen for _, fen in self.draws]

    def red_columns(self) -> tuple[list[object], ...]:
        """Parameters 15 to 27 of COMMIT_WITH_RED_LETTERS."""
        columns: tuple[list[object], ...] = tuple([] for _ in range(13))
        for entry, number in self.red_letters:
            taken = entry.taken_back
            assert taken is not None
            series, serial = int(taken.original[:5]), int(taken.original[5:])
            _append(columns[0:4], series, serial, taken.agreed, int(number[5:]))
            if entry.confirmation:
                _append(columns[4:6], entry.confirmation, number)
            for line in taken.lines:
                amounts = (line.net_fen, line.tax_fen, line.of_net_fen, line.of_tax_fen)
                _append(columns[6:13], series, serial, line.line, *amounts)
        return columns


def _pack_blob(stored: Sequence[object]) -> bytes:
    chunks = [stored[at : at + CHUNK] for at in range(0, len(stored), CHUNK)]
    return _pack([_compress(_pack(chunk)) for chunk in chunks])


def _receipt(number: InvoiceNumber, issued_at: datetime, entry: Entry) -> Receipt:
    return Receipt(
        number=number,
        issued_at=issued_at,
        seller=entry.seller,
        key=entry.key,
        digest=entry.digest,
        totals=entry.totals,
    )


def _append(columns: Sequence[list[object]], *values: object) -> None:
    for column, value in zip(columns, values, strict=True):
        column.append(value)


class Blob:
    """The invoices of a batch by their place in it; only what is asked for is unpacked."""

    __slots__ = ("_chunk", "_chunks", "_number")

    def __init__(self, payload: bytes) -> None:
        self._chunks = _unpack_chunks(payload)
        self._number = -1
        self._chunk: list[Stored] = []

    def __getitem__(self, place: int) -> Stored:
        number, within = divmod(place, CHUNK)
        if number != self._number:
            self._chunk, self._number = _unpack_chunk(self._chunks[number]), number
        return self._chunk[within]

    def __iter__(self) -> Iterator[Stored]:
        for chunk in self._chunks:
            yield from _unpack_chunk(chunk)


class Unpacked(msgspec.Struct, frozen=True):
    """A batch read back."""

    series: Series
    first_serial: int
    count: int
    issued_at: datetime
    secret: bytes
    stored: Blob
    first_index: int | None  # in the log; None while it has no place yet

    @property
    def serials(self) -> range:
        return range(self.first_serial, self.first_serial + self.count)

    def is_erased(self, serial: int) -> bool:
        """Of an erased invoice neither ``receipt`` nor ``invoice`` may be asked."""
        return self.stored[serial - self.first_serial].is_erased

    def salt(self, serial: int) -> bytes:
        return self.stored[serial - self.first_serial].salt or salt_of(self.secret, serial)

    def receipt(self, serial: int) -> tuple[Receipt, Digest]:
        """The receipt given for a serial, and the digest of what was asked for it."""
        stored = self.stored[serial - self.first_serial]
        assert not stored.is_erased
        content = digest(stored.draft)
        receipt = Receipt(
            number=compose_number(self.series, serial),
            issued_at=self.issued_at,
            seller=stored.seller,
            key=IdempotencyKey(stored.key),
            digest=content,
            totals=totals_of(pair_up(stored.amounts)),
        )
        return receipt, Digest(stored.asked) if stored.asked else content

    def invoice(self, serial: int) -> Invoice:
        place = serial - self.first_serial
        stored = self.stored[place]
        assert not stored.is_erased
        return Invoice(
            number=compose_number(self.series, serial),
            issued_at=self.issued_at,
            key=IdempotencyKey(stored.key),
            digest=digest(stored.draft),
            draft=_decode_draft(stored.draft),
            lines=pair_up(stored.amounts),
            log_index=None if self.first_index is None else self.first_index + place,
            salt=self.salt(serial),
        )


def _unpack_chunk(chunk: bytes) -> list[Stored]:
    return _unpack(_decompress(chunk, max_output_size=MAX_CHUNK_BYTES))


@lru_cache(maxsize=65_536)
def _seller_mark(seller: str) -> bytes:
    return sha256(seller.encode()).digest()[:MARK_BYTES]


def digest8(content: Digest) -> int:
    """The first eight bytes of a digest as PostgreSQL's bigint."""
    return int.from_bytes(content[:MARK_BYTES], "big", signed=True)


def seller8(seller: str) -> int:
    """The first eight bytes of a seller's SHA-256 as PostgreSQL's bigint."""
    return int.from_bytes(_seller_mark(seller), "big", signed=True)
