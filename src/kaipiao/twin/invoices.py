"""Invoices in memory: kept by number, found by key, by digest, and by seller in log order."""

from collections.abc import Iterator
from datetime import date, datetime

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.errors import KeyReused
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice, Receipt
from kaipiao.fiscal.leaf import leaf_of, microseconds, salt_of
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import Series, compose_number
from kaipiao.ports import Entry, Page

MAX_BY_DIGEST = 100

_decode_draft = msgspec.json.Decoder(Draft).decode


class Kept(msgspec.Struct):
    """One invoice, with the leaf that was queued for it.  ``log_index`` comes later."""

    receipt: Receipt
    entry: Entry
    leaf: bytes
    salt: bytes
    log_index: int | None = None

    def invoice(self) -> Invoice:
        return Invoice(
            number=self.receipt.number,
            issued_at=self.receipt.issued_at,
            key=self.entry.key,
            digest=self.entry.digest,
            draft=_decode_draft(self.entry.payload),
            lines=self.entry.lines,
            log_index=self.log_index,
            salt=self.salt,
        )


def keep(entry: Entry, series: Series, serial: int, issued_at: datetime, secret: bytes) -> Kept:
    """An entry as an invoice: its number, its receipt and its leaf."""
    number, salt = compose_number(series, serial), salt_of(secret, serial)
    receipt = Receipt(
        number=number,
        issued_at=issued_at,
        seller=entry.seller,
        key=entry.key,
        digest=entry.digest,
        totals=entry.totals,
    )
    leaf = leaf_of(number, microseconds(issued_at), entry.totals, entry.digest, salt)
    return Kept(receipt, entry, leaf, salt)


class InvoiceTable:
    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.ordered: list[Kept] = []  # in the order of the log
        self._by_key: dict[tuple[str, str], Kept] = {}

    def add(self, kept: Kept) -> None:
        self.kept[kept.receipt.number] = kept
        self._by_key[kept.entry.seller, kept.entry.key] = kept

    def find_key(self, seller: str, key: str) -> Kept | None:
        return self._by_key.get((seller, key))

    def recall(self, seller: str, key: IdempotencyKey, asked: Digest) -> Receipt | None:
        """The first receipt, if the key was given the same thing.  Raises KeyReused."""
        kept = self.find_key(seller, key)
        if kept is None:
            return None
        if kept.entry.asked != asked:
            raise KeyReused(key=key)
        return msgspec.structs.replace(kept.receipt, replayed=True)

    def read(self, number: str) -> Invoice | None:
        kept = self.kept.get(number)
        return kept.invoice() if kept else None

    def find_digest(self, digest: Digest) -> list[Invoice]:
        """Those with a place in the log first."""
        young = [kept for kept in self.kept.values() if kept.log_index is None]
        same = [kept for kept in (*self.ordered, *young) if kept.entry.digest == digest]
        return [kept.invoice() for kept in same[:MAX_BY_DIGEST]]

    def page(
        self, seller: str, since: date | None, until: date | None, after: int, limit: int
    ) -> Page:
        found = list(self._theirs(seller, since, until, after, limit))
        last = found[-1].log_index if len(found) == limit else None
        return Page(
            invoices=tuple(kept.invoice() for kept in found),
            after=None if last is None else last + 1,
            high_water=len(self.ordered),
        )

    def _theirs(
        self, seller: str, since: date | None, until: date | None, after: int, limit: int
    ) -> Iterator[Kept]:
        for kept in self.ordered[after:]:
            day = beijing_day(kept.receipt.issued_at)
            in_time = (since or date.min) <= day <= (until or date.max)
            if kept.entry.seller == seller and in_time and limit > 0:
                limit -= 1
                yield kept
