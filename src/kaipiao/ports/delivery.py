"""What is to be sent, to whom, and what became of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from kaipiao.fiscal.confirmation import Confirmation
from kaipiao.fiscal.delivery import (
    Attempt,
    Delivery,
    DownloadLink,
    NewDelivery,
    Parcel,
    StandingOrder,
    Verdict,
)
from kaipiao.fiscal.invoice import Invoice


class Matcher(Protocol):
    """Which deliveries follow from what happened.  Pure: it runs inside a transaction."""

    def is_watched(self, seller: str) -> bool:
        """Whether any order may care: if not, the invoice is not even unpacked."""
        ...

    def of_invoice(self, invoice: Invoice) -> list[NewDelivery]: ...

    def of_form(self, form: Confirmation) -> list[NewDelivery]: ...


class Deliveries(Protocol):
    """What is to be sent, who is sending it, and what became of it.

    Time is the database's own, so workers on several machines agree on it.
    """

    async def expand(self, match: Callable[[Sequence[StandingOrder]], Matcher]) -> int:
        """Turn some of what happened into deliveries; how much was looked at, 0: nothing waits.

        Each batch is looked at exactly once, whoever asks and whoever dies.
        """
        ...

    async def queue(self, new: Sequence[NewDelivery]) -> int:
        """Queue these; how many were new.  One id is kept once."""
        ...

    async def take(
        self, worker: str, *, limit: int, busy: Mapping[str, int], oldest_first: bool = False
    ) -> list[Parcel]:
        """Lease what is due, some of every lane that has room; nobody else is given it meanwhile.

        ``busy`` is what this worker has in hand by lane.
        """
        ...

    async def renew(self, worker: str, delivery_ids: Sequence[str]) -> int:
        """Make leases that still are ours last; how many are."""
        ...

    async def settle(
        self, worker: str, parcel: Parcel, verdict: Verdict, *, again_after_s: float | None
    ) -> bool:
        """Write down how a try ended; ``again_after_s`` is None when it was the last.

        False if the lease had passed to someone else: the try is written down all the same.
        """
        ...

    async def sweep(self) -> None:
        """Let every clock strike: give up what is too old, forget what was long settled."""
        ...

    async def read(self, delivery_id: str) -> Delivery | None: ...

    async def body(self, delivery_id: str) -> bytes | None: ...

    async def attempts(self, delivery_id: str) -> Sequence[Attempt]: ...

    async def page(
        self,
        *,
        tenant: str = "",
        seller: str = "",
        subject: str = "",
        order_id: str = "",
        state: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Newest first, from below place ``before``."""
        ...

    async def replay(self, delivery_ids: Sequence[str]) -> int:
        """Send these again, unless they are on their way; how many."""
        ...

    async def replay_range(
        self, order_id: str, *, since: datetime, until: datetime, dead_only: bool
    ) -> int:
        """Send again what an order sent of what happened in this time; how many, at most 10,000."""
        ...


class StandingOrders(Protocol):
    async def add(self, order: StandingOrder) -> None: ...

    async def read(self, order_id: str) -> StandingOrder | None: ...

    async def of_tenant(self, tenant: str, *, channel: str) -> Sequence[StandingOrder]:
        """Those that were not ended, oldest first; of every tenant for ``*``."""
        ...

    async def rotate(self, order_id: str, *, at: datetime) -> StandingOrder | None:
        """A new generation of its secret."""
        ...

    async def enable(self, order_id: str) -> bool: ...

    async def end(self, order_id: str, *, at: datetime) -> bool:
        """End it, and cancel what it has waiting."""
        ...


class DownloadLinks(Protocol):
    async def add(self, link: DownloadLink) -> None: ...

    async def read(self, link_id: str) -> DownloadLink | None: ...

    async def of_number(self, number: str) -> Sequence[DownloadLink]: ...

    async def use(self, link_id: str, *, at: datetime) -> DownloadLink | None:
        """Count one more use; None if it is revoked, over, or used up."""
        ...

    async def revoke(self, link_id: str, *, at: datetime) -> bool: ...
