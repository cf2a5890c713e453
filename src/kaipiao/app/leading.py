"""Which member of a cell does what only one should do (``ledger/leadership.py`` says how)."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from kaipiao.app.folder import CellFolder
from kaipiao.app.orders import Orders
from kaipiao.evidence.run import Leads, is_sole
from kaipiao.ledger.leadership import candidate

LOG_ROOM_BYTES = 16 * 2**20
"""Minutes of a busy log.  With less, another member writes it: proofs do not wait for our disk."""


@asynccontextmanager
async def leading_of(orders: Orders) -> AsyncIterator[Leads]:
    """Whether we lead, at any moment inside this block.

    A cell on the database in its own folder has no other members, and holds no lock for it.
    """
    if not orders.settings.dsn:
        yield is_sole
        return
    evidence = CellFolder(orders.settings.data).evidence
    async with candidate(orders.dsn, is_able=lambda: has_room(evidence)) as leadership:
        yield lambda: leadership.is_leader


def has_room(evidence: Path, least_bytes: int = LOG_ROOM_BYTES) -> bool:
    """Whether the log's disk takes more.  One that cannot be asked is a fault of another kind."""
    try:
        disk = os.statvfs(evidence)
    except OSError:
        return True
    return disk.f_bavail * disk.f_frsize >= least_bytes
