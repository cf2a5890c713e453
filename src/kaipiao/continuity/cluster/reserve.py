"""The room that a member's disks are to have; ``[disk]`` of the description."""

from typing import Any, NamedTuple

from kaipiao.continuity.cluster.faults import Checks

RESERVE_MB, RESERVE_PERCENT, BALLAST_MB = 256, 1, 32
MIB = 1 << 20


class Reserve(NamedTuple):
    """The larger of ``reserve_mb`` and ``reserve_percent`` of the disk; and ``ballast_mb``, a file
    that is removed when a switchover needs room (0: none)."""

    reserve_mb: int = RESERVE_MB
    reserve_percent: int = RESERVE_PERCENT
    ballast_mb: int = BALLAST_MB

    def of(self, total_bytes: int) -> int:
        """The reserve of a disk of this size, in bytes."""
        return max(self.reserve_mb * MIB, total_bytes * self.reserve_percent // 100)


def read_reserve(checks: Checks, given: dict[str, Any]) -> Reserve:
    checks.known("disk.", given, Reserve._fields)
    good = {
        name: checks.number(f"disk.{name}", given[name], 0, getattr(MOST, name))
        for name in Reserve._fields
        if name in given
    }
    return Reserve(**good)


MOST = Reserve(reserve_mb=1 << 20, reserve_percent=50, ballast_mb=1 << 10)
