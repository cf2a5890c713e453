"""Which tree is signed next, in memory: implements ports.SignedHeads."""

from kaipiao.ports import TreeHead
from kaipiao.twin.wire import Wire

HeadTable = dict[str, TreeHead]
"""By log."""


class MemoryHeads:
    def __init__(self, table: HeadTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def standing(self, log: str, *, sure: bool = False) -> TreeHead | None:
        return await self._wire.ask("standing head", lambda: self._table.get(log))

    async def swap(self, log: str, before: TreeHead | None, after: TreeHead) -> bool:
        return await self._wire.ask("swap head", lambda: self._swap(log, before, after))

    def _swap(self, log: str, before: TreeHead | None, after: TreeHead) -> bool:
        standing = self._table.get(log)
        if standing == before and (standing is None or standing.size < after.size):
            self._table[log] = after
        return self._table.get(log) == after
