"""What the shadow has and the cell has not: invoices that a laxer version issued.

The shadow's sellers are those that were granted credit there, and only we grant it; each one's list
is read once, in the shadow's order.  A request that was copied to both (``mirror.py``) may be
answered by the shadow first: what the cell has not is asked about again until it is old enough.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from kaipiao.continuity.shadow.book import Divergence
from kaipiao.continuity.shadow.compare import Json
from kaipiao.continuity.shadow.there import There

GRACE = timedelta(seconds=60)
"""A caller may ask the cell again for so long before its invoice counts as the shadow's alone."""

PAGE = 100


class Keys(Protocol):
    async def has_key(self, seller: str, key: str) -> bool:
        """Whether the cell has an invoice under this key, or had one that was erased since."""
        ...


class _One(NamedTuple):
    seller: str
    key: str
    invoice: dict[str, Any]


class Strangers:
    """Remembers how far each seller's list was read; begins anew in each process."""

    def __init__(self, keys: Keys, told: Iterable[Divergence] = ()) -> None:
        self._keys = keys
        self._told = {(one.seller, one.key) for one in told if one.kind == "stranger"}
        self._read: dict[str, int] = {}
        self._young: dict[tuple[str, str], _One] = {}

    async def find(self, there: There, now: datetime) -> list[Divergence]:
        """Those that were not told before.  Raises Away, Outage: what was read is not lost."""
        for seller in sorted(there.sellers):
            await self._read_on(there, seller)
        found = []
        for place, one in list(self._young.items()):
            if await self._keys.has_key(one.seller, one.key):
                del self._young[place]
            elif now - _issued_at(one.invoice) > GRACE:
                found.append(_divergence(self._young.pop(place)))
                self._told.add(place)
        return found

    async def _read_on(self, there: There, seller: str) -> None:
        """From where we stopped.  A list that does not go on, or is none, ends it."""
        while True:
            at = self._read.get(seller, 0)
            page = await there.page(seller, after=at, limit=PAGE)
            for invoice in page.invoices:
                one = _One(seller, str(invoice.get("key", "")), invoice)
                if (seller, one.key) not in self._told:
                    self._young[seller, one.key] = one
            self._read[seller] = max(at, page.next)
            if not page.has_more or page.next <= at:
                return


def _divergence(one: _One) -> Divergence:
    index = one.invoice.get("log_index")
    return Divergence(
        index=index if isinstance(index, int) else 0,
        key=one.key,
        seller=one.seller,
        kind="stranger",
        there=one.invoice,
    )


def _issued_at(invoice: dict[str, Json]) -> datetime:
    """Long ago, if it does not say."""
    try:
        at = datetime.fromisoformat(str(invoice.get("issued_at")))
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
