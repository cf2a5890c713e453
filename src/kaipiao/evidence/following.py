"""What a follower makes of the order of the leaves: it ends where the leader's tree ends."""

from kaipiao.ports import LeafOrder


class AsFarAs:
    """``order`` up to ``size``.  Implements ports.LeafOrder without giving anything a place."""

    def __init__(self, order: LeafOrder, size: int) -> None:
        self._order = order
        self._size = size

    async def sequence(self) -> int:
        return self._size

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        return (await self._order.leaves(start, limit))[: max(0, self._size - start)]
