"""Blocks of numbers in memory: cut, taken over, filled without a gap, fenced by their epoch."""

from itertools import count

import msgspec

from kaipiao.fiscal.number import Series


class Fenced(Exception):
    """The block is not the asker's any more, or does not stand where the asker believes."""


class Block(msgspec.Struct):
    """A run of serials.  ``holder`` is a living session, or None: free to be carried on."""

    block: int
    series: Series
    first_serial: int
    last_serial: int
    next_serial: int
    epoch: int
    holder: int | None


class Held(msgspec.Struct, frozen=True):
    """What a process believes of its block, as it was when it last heard."""

    block: int
    epoch: int
    series: Series
    next_serial: int
    room: int


class Numbers:
    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._next_serial: dict[Series, int] = {}
        self._sessions = count(1)

    def session(self) -> int:
        """A name for one connection; blocks taken under it are free once it ends."""
        return next(self._sessions)

    def take(self, series: Series, size: int, session: int) -> Held:
        """Carry on a block that nobody living holds, or cut a new one."""
        for block in self.blocks:
            free = block.holder in (None, session) and block.next_serial <= block.last_serial
            if block.series == series and free:
                block.epoch += 1
                block.holder = session
                return _held(block)
        first = self._next_serial.get(series, 1)
        self._next_serial[series] = first + size
        block = Block(len(self.blocks), series, first, first + size - 1, first, 1, session)
        self.blocks.append(block)
        return _held(block)

    def fence(self, held: Held) -> Block:
        """The block, if it stands as its holder believes.  Raises Fenced."""
        block = self.blocks[held.block]
        if (block.epoch, block.next_serial) != (held.epoch, held.next_serial):
            raise Fenced
        return block

    def raise_epoch(self, held: int, epoch: int) -> None:
        """Whoever still sends under this epoch comes too late."""
        if self.blocks[held].epoch == epoch:
            self.blocks[held].epoch += 1

    def end(self, session: int) -> None:
        """The session is gone, with all its locks."""
        for block in self.blocks:
            if block.holder == session:
                block.holder = None


def held_after(held: Held, used: int) -> Held:
    """What the holder believes once ``used`` more are committed."""
    return msgspec.structs.replace(held, next_serial=held.next_serial + used, room=held.room - used)


def _held(block: Block) -> Held:
    room = block.last_serial + 1 - block.next_serial
    return Held(block.block, block.epoch, block.series, block.next_serial, room)
