"""Those who seal documents, and what waits for them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from kaipiao.fiscal.seal import (
    Backlog,
    BreakerReport,
    Score,
    Sealable,
    SealKey,
    SealLot,
    SealStanding,
    VendorStanding,
)


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A signature (签名) over certain bytes, and all that a stranger needs to check it."""

    signature: bytes  # of SM2: DER, r and s
    certificate: bytes  # X.509, DER: whose key it is
    algorithm: str  # the signature's OID; 1.2.156.10197.1.501 is SM2 with SM3
    who: str  # the signer, as the certificate names them


class Sealer(Protocol):
    """Signs documents.  Nothing that an invoice needs waits for one: what it cannot seal now is
    sealed later, or stays without.
    """

    def seal(self, data: bytes) -> Mark:
        """Sign ``data``.  A vendor may take seconds: it is called where waiting harms nobody,
        in a thread that makes documents.

        Raises:
            Outage: there is no signature; ask again, or do without.
        """
        ...


class Seals(Protocol):
    """Which invoices vendors have sealed, which wait for it, and how the vendors behave.

    Derived from the log's order alone: issuing knows nothing of it.  Time is the database's own.
    A sealer that is silent for longer than its lease has lost the lot, and whatever it says
    afterwards changes nothing.
    """

    async def meet(self, keys: Sequence[SealKey], *, kinds: Mapping[str, str]) -> None:
        """Know these vendors, by their pinned keys; ``kinds`` by vendor."""
        ...

    async def cut(self, *, with_tail: bool) -> int:
        """Make lots of what the log has grown by; how many, 0: all is cut.

        Without ``with_tail`` the last invoices wait until they are a whole lot.
        """
        ...

    async def take(
        self, worker: str, key: SealKey, *, hold_s: float, oldest: bool
    ) -> SealLot | None:
        """Lease a lot for this key's vendor: the newest of the last minute, else the ``oldest``.

        None: nothing waits, or the vendor is distrusted.
        """
        ...

    async def sealables(self, lot: SealLot) -> list[Sealable]:
        """The invoices of a lot, in the log's order."""
        ...

    async def seal(
        self, worker: str, lot: SealLot, key: SealKey, signatures: Sequence[bytes]
    ) -> bool:
        """Keep these signatures; False: the lot is not ours any more, or the vendor distrusted."""
        ...

    async def put_back(
        self, worker: str, lot: SealLot, vendor: str, *, lied: bool, again_after_s: float
    ) -> None:
        """Let others have the lot, at the latest after so long; remember if the vendor lied."""
        ...

    async def let_go(self, worker: str) -> None:
        """Give back whatever this worker holds, for others to take at once."""
        ...

    async def requeue(self) -> int:
        """Queue again some of what distrusted vendors sealed; how many lots, 0: no more."""
        ...

    async def backlog(self) -> Backlog: ...

    async def standing(self, log_index: int | None) -> SealStanding:
        """How the invoice at this place in the log stands; None: it has no place yet."""
        ...

    async def note(self, worker: str, vendor: str, score: Score, report: BreakerReport) -> None:
        """Add to a vendor's score, and say how this worker finds it."""
        ...

    async def vendors(self) -> Sequence[VendorStanding]:
        """Every vendor there ever was, by name."""
        ...

    async def distrust(self, vendor: str, *, why: str, by: str) -> bool:
        """Believe it no more: what it sealed is queued for the others.  False: no such vendor."""
        ...

    async def trust(self, vendor: str) -> bool:
        """Believe it again.  What was already queued stays queued.  False: no such vendor."""
        ...
