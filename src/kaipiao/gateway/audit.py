"""``/v1/audit``: the audit log, for who holds the right ``audit``; reading it is an event of it.

    GET /v1/audit                what was done, newest first
    GET /v1/audit/{id}           one event
    GET /v1/audit/{id}/receipt   its proof, which anyone can verify offline

``admin`` alone does not suffice.  A key that does not act for every taxpayer reads what keys of its
own tenant did.
"""

import asyncio
from datetime import UTC, date, datetime, time, timedelta

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from kaipiao.errors import NotAllowed, Outage
from kaipiao.evidence.published import PublishedLog
from kaipiao.evidence.reader import TilesDamaged
from kaipiao.evidence.trail import event_receipt
from kaipiao.fiscal.audit import AuditEvent
from kaipiao.fiscal.month import BEIJING
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts, needed
from kaipiao.gateway.calls import AnyRequest, caller_of, respond
from kaipiao.gateway.orders import tenant_of
from kaipiao.gateway.refusals import EventNotCovered, NoSuchEvent
from kaipiao.gateway.visit import Answer
from kaipiao.gateway.wiring import Services
from kaipiao.ports import ApiKey, AuditQuery, Recorded

RIGHT = "audit"


class EventView(msgspec.Struct, frozen=True, kw_only=True):
    """An event in its place; its leaf is made of the event's bytes as they stand here, and the
    salt.
    """

    index: int
    event: AuditEvent
    salt: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first.  Go on with `before`; null: this was the last page.

    Events below `kept_from` were forgotten when their days were over; `size` counts all there ever
    were.
    """

    events: tuple[EventView, ...]
    before: int | None
    kept_from: int
    size: int


class _ExactView(msgspec.Struct, frozen=True, kw_only=True):
    """As ``EventView``, with the event's own bytes."""

    index: int
    event: msgspec.Raw
    salt: str


class _ExactPage(msgspec.Struct, frozen=True, kw_only=True):
    events: tuple[_ExactView, ...]
    before: int | None
    kept_from: int
    size: int


class AuditCalls:
    def __init__(self, services: Services) -> None:
        self._audit = services.audit
        self._acts = Acts(services)
        self._log = PublishedLog(services.audit_folder) if services.audit_folder else None

    def handlers(self) -> list[HTTPRouteHandler]:
        one = "/v1/audit/{event_id:str}"
        return [
            get("/v1/audit", operation_id="list_events")(self.list_events),
            get(one, operation_id="read_event")(self.read),
            get(f"{one}/receipt", operation_id="read_event_receipt", media_type="text/plain")(
                self.receipt
            ),
        ]

    async def list_events(
        self,
        request: AnyRequest,
        actor: parameters.ActorIfAny = "",
        action: parameters.ActionIfAny = "",
        about: parameters.ObjectIfAny = "",
        since: parameters.Day = "",
        until: parameters.Day = "",
        before: parameters.BeforePlace = -1,
        limit: parameters.Limit = 100,
    ) -> Response[AuditPage]:
        """Who did what, newest first; every filter narrows the answer.

        `actor` is a key's id or an operator's user id, `about` what was acted on.  Needs the right
        `audit`.  This reading is itself an event, written before it is answered.
        """
        caller = caller_of(request, RIGHT)
        wanted = AuditQuery(
            actor=actor,
            action=action,
            object=about,
            tenant=tenant_of(caller),
            since=_midnight(since),
            until=_midnight(until, days=1),
        )
        asked = {"by": actor, "action": action, "about": about, "since": since, "until": until}
        below = None if before < 0 else before
        await self._acts.note(request, "audit.read", "", rule=RIGHT, before=below, **asked)
        trail = needed(self._audit)
        found = await trail.page(wanted, before=below, limit=limit)
        first, size = await trail.kept()
        page = _ExactPage(
            events=tuple(map(_view, found)),
            before=found[-1].index if len(found) == limit else None,
            kept_from=first,
            size=size,
        )
        return respond(Answer(200, msgspec.json.encode(page)))

    async def read(
        self, request: AnyRequest, event_id: parameters.EventPath
    ) -> Response[EventView]:
        """One event.  This reading is an event, too."""
        found = await self._visible(request, event_id, "audit.read")
        return respond(Answer(200, msgspec.json.encode(_view(found))))

    async def receipt(self, request: AnyRequest, event_id: parameters.EventPath) -> Response[str]:
        """The event's proof (C2SP tlog-proof), which anyone can verify offline."""
        found = await self._visible(request, event_id, "audit.receipt")
        if self._log is None:
            raise Outage("audit log")
        try:
            text = await asyncio.to_thread(
                event_receipt, self._log, found.index, found.content, found.salt
            )
        except (OSError, ValueError, TilesDamaged) as error:
            raise Outage("audit log") from error
        if text is None:
            raise EventNotCovered
        return Response(text, media_type="text/plain")

    async def _visible(self, request: AnyRequest, event_id: str, action: str) -> Recorded:
        """Raises NoSuchEvent; that it was looked for is written down either way."""
        caller = caller_of(request, RIGHT)
        await self._acts.note(request, action, event_id, rule=RIGHT)
        found = await needed(self._audit).read(event_id) if event_id.isascii() else None
        if found is None:
            raise NoSuchEvent
        if not _may_see(caller, found):
            raise NoSuchEvent from NotAllowed(what="an event of others")
        return found


def _may_see(caller: ApiKey, found: Recorded) -> bool:
    return tenant_of(caller) in ("*", found.event.actor.tenant)


def _view(found: Recorded) -> _ExactView:
    return _ExactView(index=found.index, event=msgspec.Raw(found.content), salt=found.salt.hex())


def _midnight(day: str, *, days: int = 0) -> datetime | None:
    """When a Beijing day begins, or ends."""
    if not day:
        return None
    first = date.fromisoformat(day) + timedelta(days=days)
    return datetime.combine(first, time(), BEIJING).astimezone(UTC)
