"""Refused permissions, written into the audit log without letting anyone fill the disk.

The first refusal of one key and one reason is written at once; more of the same are counted, and
the count is written when the minute is over.  What a process counts at one time has a limit, beyond
which all others are one count.  A caller is refused whether or not it can be written down: nothing
was done.
"""

import asyncio
import logging
from typing import NamedTuple

from kaipiao.errors import NotAllowed, NotAuthenticated, Outage
from kaipiao.fiscal.audit import AuditEvent
from kaipiao.gateway.access import shown_path
from kaipiao.gateway.acts import actor_of, compose_event_id
from kaipiao.gateway.visit import Visit
from kaipiao.gateway.wiring import Services

COUNTED_FOR_S = 60.0
KINDS_MAX = 30
"""Refusals of different keys or reasons that one process tells apart within a minute."""

STRANGERS_MAX = 10
"""Of these, addresses that showed no key that we know."""

Denied = NotAllowed | NotAuthenticated
_log = logging.getLogger("kaipiao.gateway")


class _Kind(NamedTuple):
    actor: str  # a key's id, or an address
    rule: str


OTHERS = _Kind("", "others")


def denied_by(failure: BaseException) -> BaseException:
    """What was really refused: to who may not see a thing, we say that there is none."""
    return failure.__cause__ or failure


class Denials:
    def __init__(self, services: Services, *, counted_for_s: float = COUNTED_FOR_S) -> None:
        self._audit = services.audit
        self._clock = services.clock
        self._counted_for_s = counted_for_s
        self._more: dict[_Kind, tuple[int, AuditEvent]] = {}  # after the first of each
        self._strangers = 0
        self._writing: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # in the order in which they were refused
        self._timer: asyncio.TimerHandle | None = None

    def note(self, visit: Visit, denied: Denied) -> None:
        """Write it down, beside the answer."""
        if isinstance(denied, NotAuthenticated) and not visit.authorization:
            return  # nobody claimed to be anybody
        kind = self._kind(visit, denied)
        count, event = self._more.get(kind, (-1, None))
        if event is None:
            event = self._compose(visit, kind)
            self._write([event])
        self._more[kind] = (count + 1, event)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._counted_for_s, self.flush)

    def flush(self) -> None:
        """The minute is over, or the process ends: write what was counted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        counted, self._more, self._strangers = self._more, {}, 0
        self._write([self._again(event, count) for count, event in counted.values() if count])

    async def settle(self) -> None:
        """Wait until what was to be written is written."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def close(self) -> None:
        self.flush()
        await self.settle()

    def _kind(self, visit: Visit, denied: Denied) -> _Kind:
        known = visit.key is not None
        actor = visit.key.key_id if visit.key else visit.address
        rule = str(denied.facts.get("what", denied.code)) if known else denied.code
        kind = _Kind(actor, rule)
        if kind in self._more:
            return kind
        if len(self._more) >= KINDS_MAX or (not known and self._strangers >= STRANGERS_MAX):
            return OTHERS
        self._strangers += not known
        return kind

    def _compose(self, visit: Visit, kind: _Kind) -> AuditEvent:
        return AuditEvent(
            event_id=compose_event_id(),
            at=self._clock.now(),
            actor=actor_of(None if kind is OTHERS else visit.key),
            action="access.denied",
            object=f"{visit.method} {shown_path(visit.path)}",
            decision="denied",
            rule=kind.rule,
            stage="denied",
            request_id=visit.request_id.decode(),
            client=visit.address,
        )

    def _again(self, first: AuditEvent, count: int) -> AuditEvent:
        return AuditEvent(
            event_id=compose_event_id(),
            at=self._clock.now(),
            actor=first.actor,
            action=first.action,
            object=first.object,
            decision=first.decision,
            rule=first.rule,
            stage=first.stage,
            about=first.event_id,
            client=first.client,
            count=count,
        )

    def _write(self, events: list[AuditEvent]) -> None:
        if not events or self._audit is None:
            return
        task = asyncio.get_running_loop().create_task(self._append(events))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _append(self, events: list[AuditEvent]) -> None:
        assert self._audit is not None
        try:
            async with self._turn:
                await self._audit.append(events)
        except Outage:
            _log.warning("%d refusals could not be written into the audit log", len(events))
