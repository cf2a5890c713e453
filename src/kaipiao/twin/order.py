"""The order of the log in memory: implements ports.LeafOrder."""

from datetime import datetime

import msgspec

from kaipiao.twin.invoices import InvoiceTable, Kept
from kaipiao.twin.wire import Wire


class Waiting(msgspec.Struct, frozen=True):
    """A committed batch that has no place in the log yet."""

    queued_at: datetime
    first_number: str
    batch: tuple[Kept, ...]


class OrderTable:
    def __init__(self, invoices: InvoiceTable) -> None:
        self.waiting: list[Waiting] = []
        self._invoices = invoices

    def queue(self, batch: tuple[Kept, ...], at: datetime) -> None:
        self.waiting.append(Waiting(at, batch[0].receipt.number, batch))

    def sequence(self) -> int:
        """Give every waiting batch its place, for ever."""
        return self.place(self.withdraw())

    def withdraw(self) -> list[Waiting]:
        batches = sorted(self.waiting, key=lambda one: (one.queued_at, one.first_number))
        self.waiting.clear()
        return batches

    def place(self, batches: list[Waiting]) -> int:
        ordered = self._invoices.ordered
        for kept in (kept for one in batches for kept in one.batch):
            kept.log_index = len(ordered)
            ordered.append(kept)
        return len(ordered)

    def leaves(self, start: int, limit: int) -> list[bytes]:
        return [kept.leaf for kept in self._invoices.ordered[start : start + limit]]


class MemoryOrder:
    def __init__(self, table: OrderTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def sequence(self) -> int:
        return await self._wire.ask("sequence", self._table.sequence)

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        return await self._wire.ask("leaves", lambda: self._table.leaves(start, limit))
