"""Seals by vendors: how an invoice's stands, how the vendors behave, and whom to believe."""

from datetime import datetime

import msgspec

from kaipiao.client.wire import Wire, decode


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    vendor: str
    key_id: str
    algorithm: str
    signature: bytes
    certificate: bytes
    sealed_at: datetime
    superseded_at: datetime | None = None
    superseded_why: str = ""


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """``statement`` is what was signed; ``mark`` is None unless ``state`` is ``sealed``."""

    number: str
    state: str
    since: datetime | None
    statement: str | None
    mark: Mark | None
    superseded: tuple[Mark, ...] = ()


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    state: str
    since_s: float
    said: str


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    kind: str
    key_id: str
    algorithm: str
    trusted: bool
    distrusted_at: datetime | None
    distrusted_why: str
    lied_at: datetime | None
    asked: int
    sealed: int
    failed: int
    silent: int
    lied: int
    success_share: float | None
    invoices: int
    p50_ms: int | None
    p99_ms: int | None
    state_s: dict[str, float]
    breakers: tuple[Breaker, ...]


class Vendors(msgspec.Struct, frozen=True, kw_only=True):
    waiting: int
    oldest_s: float | None
    vendors: tuple[Vendor, ...]


class Seals:
    """``Client.seals``.  Every method may raise ``Problem`` or ``Unreachable``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def read(self, number: str) -> Seal:
        return self._wire.get(f"/v1/invoices/{number}/seal", Seal)

    def vendors(self) -> Vendors:
        """What waits, and each vendor's scorecard over the last day."""
        return self._wire.get("/v1/seals/vendors", Vendors)

    def distrust(self, name: str, *, why: str) -> Vendor:
        """Believe it no more; what it sealed is queued for the others."""
        return self._wire.send(f"/v1/seals/vendors/{name}/distrust", Vendor, {"why": why})

    def trust(self, name: str) -> Vendor:
        return decode(self._wire.ask("POST", f"/v1/seals/vendors/{name}/trust"), Vendor)
