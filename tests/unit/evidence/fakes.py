"""A ledger's order in memory, and a clock that stands still."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from kaipiao.errors import Outage
from kaipiao.evidence.keys import Ed25519Signer
from kaipiao.twin.heads import MemoryHeads
from kaipiao.twin.wire import ShortWire

ORIGIN = "kaipiao.example/31-1"
NOW = datetime(2026, 11, 24, 4, 0, 0, 123456, tzinfo=UTC)


def make_leaves(count: int, *, history: str = "first") -> list[bytes]:
    return [sha256(f"{history} {n}".encode()).digest() for n in range(count)]


def make_signer(name: str = ORIGIN) -> Ed25519Signer:
    return Ed25519Signer(name, sha256(name.encode()).digest())


class StoppedClock:
    def now(self) -> datetime:
        return NOW


def new_heads() -> MemoryHeads:
    return MemoryHeads({}, ShortWire())


class MemoryNotes:
    """``SharedNotes`` of all members in one process."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], tuple[int, str]] = {}

    async def read(self, log: str) -> dict[str, str]:
        return {name: note for (origin, name), (_, note) in self.held.items() if origin == log}

    async def put(self, log: str, name: str, size: int, note: str) -> None:
        if self.held.get((log, name), (0, ""))[0] <= size:
            self.held[log, name] = (size, note)


class MemoryOrder:
    """A ``LeafOrder``: ``commit`` is what issuing does, the rest is the port."""

    def __init__(self, leaves: Sequence[bytes] = ()) -> None:
        self.committed = list(leaves)
        self.ordered: list[bytes] = []
        self.is_down = False
        self.heads = new_heads()

    def commit(self, leaves: Sequence[bytes]) -> None:
        self.committed.extend(leaves)

    async def sequence(self) -> int:
        self._answer()
        self.ordered = list(self.committed)
        return len(self.ordered)

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        self._answer()
        return self.ordered[start : start + limit]

    def _answer(self) -> None:
        if self.is_down:
            raise Outage("ledger")
