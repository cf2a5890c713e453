"""The ledger on PostgreSQL: implements ports.Ledger by group commit and the reads."""

from collections.abc import Sequence
from datetime import date

from kaipiao.base.canonical import Digest
from kaipiao.errors import InvoiceErased, KeyReused
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice, Receipt
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.ledger.batch import key_id
from kaipiao.ledger.group import GroupCommit
from kaipiao.ledger.reads import Reads
from kaipiao.ledger.recent import answer_again
from kaipiao.ports import Entry, Outcome, Page, Tell


class PostgresLedger:
    def __init__(self, group: GroupCommit, reads: Reads) -> None:
        self._group = group
        self._reads = reads

    async def record(self, entry: Entry) -> Receipt:
        return await self._group.record(entry)

    def enter(self, entry: Entry, tell: Tell) -> None:
        self._group.enter(entry, tell)

    async def record_all(self, entries: Sequence[Entry]) -> list[Outcome]:
        return await self._group.submit(entries)

    async def recall(self, seller: str, key: IdempotencyKey, *, asked: Digest) -> Receipt | None:
        wanted = key_id(seller, key)
        given = (await self._reads.given([wanted])).get(wanted)
        if given is None:
            return None
        again = answer_again(given, asked)
        if isinstance(again, KeyReused | InvoiceErased):
            raise again
        assert isinstance(again, Receipt)
        return again

    async def read(self, number: InvoiceNumber) -> Invoice | None:
        return await self._reads.invoice(number)

    async def find_key(self, seller: str, key: IdempotencyKey) -> Invoice | None:
        return await self._reads.by_key(key_id(seller, key))

    async def find_digest(self, digest: Digest) -> Sequence[Invoice]:
        return await self._reads.by_digest(digest)

    async def page(
        self,
        seller: str,
        *,
        since: date | None = None,
        until: date | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Page:
        return await self._reads.page(seller, since=since, until=until, after=after, limit=limit)

    async def taken_back(self, number: InvoiceNumber) -> dict[int, Amounts]:
        return await self._reads.taken_back(number)

    async def red_letters(self, number: InvoiceNumber) -> Sequence[InvoiceNumber]:
        return await self._reads.red_letters(number)
