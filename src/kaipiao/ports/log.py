"""What the evidence log is written from, and what the members of a cell agree upon."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class LeafOrder(Protocol):
    """Gives every committed leaf its place in the log, for ever."""

    async def sequence(self) -> int:
        """Order every batch that was committed and has no place yet; the log's new size.

        Durable before it returns.  Two callers never give one place twice.
        """
        ...

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        """Ordered leaves (32 bytes each) from index ``start``; at most about ``limit``."""
        ...


class Announcement(msgspec.Struct, frozen=True):
    """What a log says of itself, such as a change of its keys: an entry that is no invoice."""

    leaf: bytes  # 32 bytes that commit to the text
    text: str
    log_index: int | None  # None: it has no place yet


class Announcements(Protocol):
    async def add(self, leaf: bytes, text: str) -> None:
        """Let this have a place in the log; once, however often it is said."""
        ...

    async def all(self) -> Sequence[Announcement]:
        """In the order in which they were said."""
        ...


class TreeHead(msgspec.Struct, frozen=True):
    """A tree of the log: how many leaves, and the root over them (32 bytes)."""

    size: int
    root: bytes


class SignedHeads(Protocol):
    """Where all who may sign for a log agree on the tree that is signed next, before they sign.

    A log is named by its first origin; whatever origins it gets later sign the same tree.
    """

    async def standing(self, log: str, *, sure: bool = False) -> TreeHead | None:
        """The largest tree that was agreed upon, and perhaps signed; None for a new log.

        ``sure``: it is as durable as an acknowledged invoice before this returns.  Whoever did not
        swap it in himself must be sure before he signs it.
        """
        ...

    async def swap(self, log: str, before: TreeHead | None, after: TreeHead) -> bool:
        """Let ``after`` stand where ``before`` does; whether it stands there now.

        Durable before it returns.  Nothing shrinks, and no size gets a second root.  Asking again
        is harmless: it stands already.
        """
        ...


class SharedNotes(Protocol):
    """Signed notes about our logs that the leading member got for all members: by the log's
    origin, the newest under each name.  Whoever reads one proves it; nothing is believed here.
    """

    async def read(self, log: str) -> Mapping[str, str]:
        """By name; empty if there are none yet."""
        ...

    async def put(self, log: str, name: str, size: int, note: str) -> None:
        """Let all have this note about a tree of ``size``, unless they have one of a larger."""
        ...
