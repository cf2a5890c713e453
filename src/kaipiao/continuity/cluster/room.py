"""How much room a member's disks have, and what follows from it.

A member that is *short* has less than its reserve: it hands the lead over while that is still
easy, and does not lead again until there is clearly room (``ENOUGH``: without the distance it
would be handed to and fro).  One that is *full* cannot be relied upon to end in good order.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from kaipiao.continuity.cluster.reserve import Reserve
from kaipiao.continuity.cluster.view import SHORT_TAG, ClusterView, MemberView

ENOUGH = 1.25
"""So many reserves are free before a member counts again."""

FULL_SHARE = 1 / 8
"""Of the reserve: below it the next write may be the one that fails."""

Tags = dict[str, bool]


class Room(NamedTuple):
    """A disk of the member's, found under ``path``."""

    path: Path
    total_bytes: int
    free_bytes: int

    def is_short(self, reserve: Reserve, *, was_short: bool = False) -> bool:
        """Below the reserve; or, after it was, not clearly above it."""
        needed = reserve.of(self.total_bytes)
        return self.free_bytes < (ENOUGH * needed if was_short else needed)

    def is_full(self, reserve: Reserve) -> bool:
        return self.free_bytes < FULL_SHARE * reserve.of(self.total_bytes)


def measure(path: Path) -> Room:
    """The disk that ``path`` lies on, as an ordinary user may fill it.  Raises OSError."""
    disk = os.statvfs(path)
    return Room(path, disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize)


def shortest(rooms: Iterable[Room], reserve: Reserve) -> Room:
    """The one that has least of what it should have."""
    return min(rooms, key=lambda room: room.free_bytes / max(reserve.of(room.total_bytes), 1))


def heirs(view: ClusterView, member: str) -> Sequence[MemberView]:
    """Who may take over: commits count on it, it answers, and its own disk is not short."""
    return [
        one
        for one in view.members
        if one.name != member and one.is_in_quorum and one.is_reachable and not one.is_disk_short
    ]


def tags_of(view: ClusterView | None, member: str, *, is_short: bool) -> Tags:
    """What Patroni is told of the member.

    A short one does not lead, unless every member that answers is short: then a primary with
    little room is better than none.  Who has not looked yet (None) assumes that others have room.
    """
    if not is_short:
        return {}
    has_other = view is None or any(
        one.is_reachable and one.role != "vote" and not one.is_disk_short
        for one in view.members
        if one.name != member
    )
    return {SHORT_TAG: True, "nofailover": has_other}
