"""Acts: whatever an API key changes, or takes in bulk, is written down before it is done.

The order of the steps is the safety argument:

1. asked    the event is durable; if it cannot be, nothing is done (Outage)
2. the act  through whatever port
3. outcome  ``done``, or ``failed`` with the refusal's code; only then is the caller answered

A crash before 2 leaves an act that was asked and not done, a crash after it one that was done;
both say ``asked`` and no more.  Nobody guesses which: ``work`` closes such an act as ``unknown``,
and the object itself says what became of it.  There is no act without an event.

Issuing is no act here: the invoice's own leaf says it, and a hot path stays one.
"""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from kaipiao.errors import Outage, Refusal
from kaipiao.fiscal.audit import Actor, AuditEvent, Stage
from kaipiao.gateway.calls import AnyRequest, visit_of
from kaipiao.gateway.wiring import Services
from kaipiao.ports import ApiKey, AuditTrail, Clock

LISTED_MAX = 5


class Act:
    """An act under way.  What ``note`` is told goes into its outcome."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def note(self, **facts: object) -> None:
        self.facts |= texts(facts)


class Acts:
    def __init__(self, services: Services) -> None:
        self._audit = services.audit
        self._clock = services.clock

    @asynccontextmanager
    async def doing(
        self, request: AnyRequest, action: str, object_: str, /, *, rule: str, **facts: object
    ) -> AsyncIterator[Act]:
        """Do something inside; it is not begun before it is written down that it was asked for.

        Raises:
            Outage: the audit log does not answer; nothing was done, or its outcome is unknown.
        """
        trail = needed(self._audit)
        asked = self._compose(request, action, object_, rule=rule, stage="asked", facts=facts)
        await trail.append([asked])
        act = Act()
        try:
            yield act
        except Refusal as no:
            await trail.append([self._outcome(asked, "failed", {"code": no.code})])
            raise
        except Exception as failure:
            with suppress(Outage):  # what asked stays open, and is closed as unknown in time
                why = {"why": type(failure).__name__}
                await trail.append([self._outcome(asked, "unknown", why)])
            raise
        await trail.append([self._outcome(asked, "done", act.facts)])

    async def note(
        self, request: AnyRequest, action: str, object_: str, /, *, rule: str, **facts: object
    ) -> None:
        """Write down that something is read, before its first byte is given.  Raises Outage."""
        event = self._compose(request, action, object_, rule=rule, stage="noted", facts=facts)
        await needed(self._audit).append([event])

    def _compose(
        self,
        request: AnyRequest,
        action: str,
        object_: str,
        *,
        rule: str,
        stage: Stage,
        facts: dict[str, object],
    ) -> AuditEvent:
        visit = visit_of(request)
        return AuditEvent(
            event_id=compose_event_id(),
            at=self._clock.now(),
            actor=actor_of(visit.key),
            action=action,
            object=object_,
            decision="allowed",
            rule=rule,
            stage=stage,
            request_id=visit.request_id.decode(),
            client=visit.address,
            facts=texts(facts),
        )

    def _outcome(self, asked: AuditEvent, stage: Stage, facts: dict[str, str]) -> AuditEvent:
        return outcome_of(asked, stage, facts, clock=self._clock)


def outcome_of(
    asked: AuditEvent, stage: Stage, facts: dict[str, str], *, clock: Clock
) -> AuditEvent:
    """How an act ended that was asked for."""
    return msgspec.structs.replace(
        asked,
        event_id=compose_event_id(),
        at=clock.now(),
        stage=stage,
        about=asked.event_id,
        facts=facts,
    )


def compose_event_id() -> str:
    return secrets.token_hex(16)


def actor_of(key: ApiKey | None) -> Actor:
    if key is None:
        return Actor(kind="stranger", id="")
    return Actor(kind="key", id=key.key_id, tenant=key.tenant, name=key.name)


def needed(trail: AuditTrail | None) -> AuditTrail:
    """Raises Outage where nothing can be written down, and hence nothing may be done."""
    if trail is None:
        raise Outage("audit")
    return trail


def texts(facts: dict[str, object]) -> dict[str, str]:
    """Facts as an event keeps them; of many values the first few and how many there are."""
    return {name: _text(value) for name, value in facts.items() if value not in ("", None, ())}


def _text(value: object) -> str:
    if not isinstance(value, tuple | list | frozenset):
        return str(value)
    values = sorted(map(str, value))
    more = len(values) - LISTED_MAX
    return ", ".join(values[:LISTED_MAX]) + (f", +{more}" if more > 0 else "")
