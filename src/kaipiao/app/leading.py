"""Which member of a cell does what only one should do (``ledger/leadership.py`` says how)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kaipiao.app.orders import Orders
from kaipiao.evidence.run import Leads, is_sole
from kaipiao.ledger.leadership import candidate


@asynccontextmanager
async def leading_of(orders: Orders) -> AsyncIterator[Leads]:
    """Whether we lead, at any moment inside this block.

    A cell on the database in its own folder has no other members, and holds no lock for it.
    """
    if not orders.settings.dsn:
        yield is_sole
        return
    async with candidate(orders.dsn) as leadership:
        yield lambda: leadership.is_leader
