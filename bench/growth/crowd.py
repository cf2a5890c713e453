"""Invoices without end: the drafts of ten thousand sellers, each with a remark of its own."""

from bench.drafts import SELLERS, compose_draft
from kaipiao.base.canonical import digest
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.issuing.issue import compose_entry
from kaipiao.ports import Entry

STRIDE = 7_919
"""Coprime to the sellers: neighbours in a batch are different sellers in no order."""


class Crowd:
    """``take`` composes the next entries; keys begin with ``name`` and are never given twice."""

    def __init__(self, name: str, sellers: int = SELLERS) -> None:
        self._name = name
        self._molds = [_Mold(index) for index in range(sellers)]
        self.count = 0

    @property
    def sellers(self) -> list[str]:
        return [mold.seller for mold in self._molds]

    def take(self, count: int) -> list[Entry]:
        first = self.count
        self.count += count
        return [self.entry(number) for number in range(first, first + count)]

    def entry(self, number: int) -> Entry:
        """The ``number``-th of this crowd, now or again."""
        mold = self._molds[number * STRIDE % len(self._molds)]
        return mold.pour(number, IdempotencyKey(f"{self._name}-{number}"))


class _Mold:
    """One seller's draft, cut where the remark has eight digits."""

    def __init__(self, index: int) -> None:
        draft = compose_draft(index)
        self._entry = compose_entry(draft, IdempotencyKey("-"))
        self._before, place, self._after = self._entry.payload.partition(f"DL-{index:08}".encode())
        assert place
        self.seller = self._entry.seller

    def pour(self, number: int, key: IdempotencyKey) -> Entry:
        payload = b"%bDL-%08d%b" % (self._before, number, self._after)
        content = digest(payload)
        one = self._entry
        return Entry(
            seller=one.seller,
            key=key,
            asked=content,
            payload=payload,
            digest=content,
            amounts=one.amounts,
            totals=one.totals,
            draws_fen=one.draws_fen,
        )


def received_bytes(crowd: Crowd) -> float:
    """Of one invoice of this crowd as a caller sends it; the mean of a thousand."""
    return sum(len(crowd.entry(n).payload) for n in range(1_000)) / 1_000
