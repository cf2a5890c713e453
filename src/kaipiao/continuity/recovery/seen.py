"""What recovery looks at, as plain values: of a cluster, and of the cell on this machine."""

from datetime import datetime

import msgspec

from kaipiao.continuity.cluster.view import ClusterView
from kaipiao.ledger.slots import Slot


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """``spare_bytes`` is held by files of ours that may be removed at any time."""

    path: str
    total_bytes: int
    free_bytes: int
    spare_bytes: int = 0


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    ends_at: datetime


class VendorSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A seal vendor; ``is_away``: every process that asks it has its breaker open."""

    name: str
    is_away: bool
    said: str = ""


class CellSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The cell in this machine's data folder.  ``beat_s``: since its ``work`` said that it lives.

    ``unseen`` are the things that could not be looked at, each with the reason.
    """

    path: str
    is_running: bool
    works: bool
    beat_s: float | None = None
    disk: Disk | None = None
    certificates: tuple[Certificate, ...] = ()
    slots: tuple[Slot, ...] = ()
    vendors: tuple[VendorSeen, ...] = ()
    unseen: tuple[str, ...] = ()


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An act that was begun lately, as the journal has it."""

    act: str
    about: str
    at: datetime


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """``serving``: members whose PostgreSQL takes connections while their Patroni is silent;
    ``moving``: standbys that got further while we looked; ``lately``: what was done before.
    """

    at: datetime
    cluster: ClusterView | None = None
    cell: CellSeen | None = None
    serving: frozenset[str] = frozenset()
    moving: frozenset[str] = frozenset()
    lately: tuple[Done, ...] = ()
