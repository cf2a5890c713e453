"""``/v1/seals`` and ``/v1/invoices/{number}/seal``: who sealed what, and how the vendors behave.

GET  /v1/invoices/{number}/seal           how it stands; what is needed to check it offline
GET  /v1/seals/vendors                    the backlog, and a scorecard of each vendor
POST /v1/seals/vendors/{vendor}/distrust  all that it sealed is queued for the others
POST /v1/seals/vendors/{vendor}/trust     believe it again
"""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta

from kaipiao.fiscal.seal import (
    BREAKER_STATES,
    BreakerState,
    SealLot,
    SealMark,
    SealState,
    VendorKind,
    VendorStanding,
    compose_statement,
    percentile_ms,
)
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.asks import ShortText
from kaipiao.gateway.calls import AnyRequest, caller_of, visible_invoice
from kaipiao.gateway.refusals import NoSuchVendor
from kaipiao.gateway.wiring import Services
from kaipiao.ports import Seals

Count = Annotated[int, Meta(ge=0)]


class MarkView(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor's signature over the statement, and the certificate that checks it."""

    vendor: str
    key_id: str  # SHA-256 of the certificate, hex
    algorithm: str  # OID: 1.2.156.10197.1.501 SM2 with SM3, 1.3.101.112 Ed25519
    signature: bytes  # base64
    certificate: bytes  # base64 of X.509, DER
    sealed_at: datetime
    superseded_at: datetime | None = None
    superseded_why: str = ""


class SealView(msgspec.Struct, frozen=True, kw_only=True):
    """How an invoice's seal stands.  `statement` is what vendors sign; null while it has no place
    in the log.  A mark that a vendor no longer trusted made is in `superseded`.
    """

    number: str
    state: SealState
    since: datetime | None
    statement: str | None
    mark: MarkView | None
    superseded: tuple[MarkView, ...]


class BreakerView(msgspec.Struct, frozen=True, kw_only=True):
    """How one sealer that lives finds the vendor; `said` is its last failure."""

    state: BreakerState
    since_s: float
    said: str


class VendorView(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's scorecard over the last day."""

    name: str
    kind: VendorKind
    key_id: str
    algorithm: str
    trusted: bool
    distrusted_at: datetime | None
    distrusted_why: str
    lied_at: datetime | None  # the last time it answered with a signature not by its key
    asked: Count  # questions, of up to 100 invoices each
    sealed: Count  # questions answered with signatures that hold
    failed: Count
    silent: Count
    lied: Count
    success_share: float | None  # null: nothing was asked
    invoices: Count  # sealed
    p50_ms: int | None
    p99_ms: int | None
    state_s: dict[str, float]  # seconds in each state of the breaker
    breakers: tuple[BreakerView, ...]


class VendorList(msgspec.Struct, frozen=True, kw_only=True):
    """Every vendor there ever was, and what waits for any of them."""

    waiting: Count  # invoices
    oldest_s: float | None
    vendors: tuple[VendorView, ...]


class DistrustAsk(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a vendor is not believed any more; kept with every mark of it."""

    why: ShortText


class SealCalls:
    def __init__(self, services: Services) -> None:
        self._ledger = services.ledger
        self._seals = services.seals
        self._origin = services.log_origin
        self._acts = Acts(services)

    def handlers(self) -> list[HTTPRouteHandler]:
        vendor = "/v1/seals/vendors/{vendor:str}"
        return [
            get("/v1/invoices/{number:str}/seal", operation_id="read_seal")(self.read),
            get("/v1/seals/vendors", operation_id="list_vendors")(self.vendors),
            post(f"{vendor}/distrust", operation_id="distrust_vendor", status_code=200)(
                self.distrust
            ),
            post(f"{vendor}/trust", operation_id="trust_vendor", status_code=200)(self.trust),
        ]

    async def read(self, request: AnyRequest, number: parameters.NumberPath) -> SealView:
        """How the seal of an invoice stands: waiting, sealed, or to be sealed again.

        With `statement` and `mark` anyone can check it offline: `kaipiao seal verify`.
        """
        invoice = await visible_invoice(self._ledger, number, caller_of(request, "read"))
        if self._seals is None:
            return _unsealed(invoice.number)
        standing = await self._seals.standing(invoice.log_index)
        statement = await self._statement(self._seals, invoice.log_index)
        return SealView(
            number=invoice.number,
            state=standing.state,
            since=standing.since,
            statement=statement,
            mark=view_mark(standing.mark) if standing.mark else None,
            superseded=tuple(map(view_mark, standing.superseded)),
        )

    async def vendors(self, request: AnyRequest) -> VendorList:
        """What waits to be sealed, and how each vendor did in the last day."""
        caller_of(request, "read")
        return (
            await _list(self._seals)
            if self._seals
            else VendorList(waiting=0, oldest_s=None, vendors=())
        )

    async def distrust(
        self, request: AnyRequest, vendor: parameters.VendorPath, data: JSONBody[DistrustAsk]
    ) -> VendorView:
        """Believe a vendor no more: all that it sealed is queued for the others.

        Its marks are kept as superseded, never deleted.
        """
        caller = caller_of(request, "admin", "*")
        seals = self._seals
        async with self._acts.doing(request, "vendor.distrust", vendor, rule="admin", why=data.why):
            if seals is None or not await seals.distrust(vendor, why=data.why, by=caller.key_id):
                raise NoSuchVendor
        return await _one(seals, vendor)

    async def trust(self, request: AnyRequest, vendor: parameters.VendorPath) -> VendorView:
        """Believe a vendor again.  What was queued for the others meanwhile stays theirs."""
        caller_of(request, "admin", "*")
        seals = self._seals
        async with self._acts.doing(request, "vendor.trust", vendor, rule="admin"):
            if seals is None or not await seals.trust(vendor):
                raise NoSuchVendor
        return await _one(seals, vendor)

    async def _statement(self, seals: Seals, log_index: int | None) -> str | None:
        if log_index is None:
            return None
        [sealable] = await seals.sealables(SealLot(first_index=log_index, count=1))
        return compose_statement(self._origin, sealable).decode("ascii")


async def _one(seals: Seals, name: str) -> VendorView:
    return next(one for one in (await _list(seals)).vendors if one.name == name)


async def _list(seals: Seals) -> VendorList:
    backlog, found = await seals.backlog(), await seals.vendors()
    return VendorList(
        waiting=backlog.waiting if found else 0,
        oldest_s=backlog.oldest_s if found else None,
        vendors=tuple(map(view_vendor, found)),
    )


def _unsealed(number: str) -> SealView:
    """Where nothing is ever sealed."""
    return SealView(
        number=number, state="none", since=None, statement=None, mark=None, superseded=()
    )


def view_mark(mark: SealMark) -> MarkView:
    return MarkView(
        vendor=mark.key.vendor,
        key_id=mark.key.key_id,
        algorithm=mark.key.algorithm,
        signature=mark.signature,
        certificate=mark.key.certificate,
        sealed_at=mark.sealed_at,
        superseded_at=mark.superseded_at,
        superseded_why=mark.superseded_why,
    )


def view_vendor(one: VendorStanding) -> VendorView:
    asked = sum(one.score.asked.values())
    sealed = one.score.asked.get("sealed", 0)
    return VendorView(
        name=one.name,
        kind=one.kind,
        key_id=one.key.key_id,
        algorithm=one.key.algorithm,
        trusted=one.distrusted_at is None,
        distrusted_at=one.distrusted_at,
        distrusted_why=one.distrusted_why,
        lied_at=one.lied_at,
        asked=asked,
        sealed=sealed,
        failed=one.score.asked.get("failed", 0),
        silent=one.score.asked.get("silent", 0),
        lied=one.score.asked.get("lied", 0),
        success_share=sealed / asked if asked else None,
        invoices=one.score.invoices,
        p50_ms=percentile_ms(one.score.latencies, 0.5),
        p99_ms=percentile_ms(one.score.latencies, 0.99),
        state_s={state: round(one.score.state_s.get(state, 0), 1) for state in BREAKER_STATES},
        breakers=tuple(
            BreakerView(state=seen.state, since_s=seen.since_s, said=seen.said)
            for seen in one.breakers
        ),
    )
