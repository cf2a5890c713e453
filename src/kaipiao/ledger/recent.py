"""The last receipts given, so that most repeats never reach the database.

Two generations: when the young one is full it becomes the old one and the old one is
forgotten.  The truth is the unique key in PostgreSQL; forgetting costs a round trip.
"""

from kaipiao.base.canonical import Digest
from kaipiao.errors import InvoiceErased, KeyReused
from kaipiao.fiscal.invoice import Receipt
from kaipiao.ledger.batch import KeyId
from kaipiao.ports import Outcome

GENERATION = 20_000
"""Receipts in a generation: at most 40,000 are remembered, about 25 MB."""

Given = tuple[Digest, Receipt | InvoiceErased]
"""What was asked, and the receipt that was given for it; or that the invoice was erased since."""


class Recent:
    def __init__(self, generation: int = GENERATION) -> None:
        self._generation = generation
        self._young: dict[KeyId, Given] = {}
        self._old: dict[KeyId, Given] = {}

    def get(self, key: KeyId) -> Given | None:
        return self._young.get(key) or self._old.get(key)

    def put(self, key: KeyId, given: Given) -> None:
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[key] = given

    def forget(self, key: KeyId) -> None:
        """Of an invoice that was erased: the database says so from now on."""
        self._young.pop(key, None)
        self._old.pop(key, None)


def answer_again(given: Given, asked: Digest) -> Outcome:
    """What a repeat gets: the first receipt if it asks the same, a refusal if not."""
    first_asked, receipt = given
    if isinstance(receipt, InvoiceErased):
        return receipt
    if first_asked != asked:
        return KeyReused(key=receipt.key)
    return Receipt(
        number=receipt.number,
        issued_at=receipt.issued_at,
        seller=receipt.seller,
        key=receipt.key,
        digest=receipt.digest,
        totals=receipt.totals,
        replayed=True,
    )
