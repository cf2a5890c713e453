"""The audit log in memory: ports.AuditTrail, and its ports.LeafOrder."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from kaipiao.fiscal.audit import AuditEvent, compose_event, event_content, leaf_of_event
from kaipiao.fiscal.leaf import SALT_BYTES
from kaipiao.ports import AuditQuery, Clock, Recorded
from kaipiao.twin.wire import Wire

DAYS_MIN = 184


class AuditTable:
    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.events: dict[int, tuple[Recorded, datetime]] = {}
        self.open: dict[str, datetime] = {}

    def append(self, events: Sequence[AuditEvent], now: datetime) -> None:
        known = {kept.event.event_id for kept, _ in self.events.values()}
        assert known.isdisjoint(event.event_id for event in events), "an event_id is there already"
        for event in map(compose_event, events):
            content, index = event_content(event), len(self.leaves)
            salt = hashlib.sha256(b"salt" + event.event_id.encode()).digest()[:SALT_BYTES]
            self.leaves.append(leaf_of_event(content, salt))
            self.events[index] = (Recorded(index=index, salt=salt, content=content), now)
            self.open.pop(event.about, None)
            if event.stage == "asked":
                self.open[event.event_id] = now

    def page(self, wanted: AuditQuery, before: int | None, limit: int) -> list[Recorded]:
        newest = [kept for kept, _ in reversed(self.events.values())]
        below = [one for one in newest if before is None or one.index < before]
        return [one for one in below if _passes(one.event, wanted)][:limit]

    def unanswered(self, until: datetime, limit: int) -> list[Recorded]:
        asked = [kept for kept, _ in self.events.values() if kept.event.event_id in self.open]
        return [one for one in asked if self.open[one.event.event_id] < until][:limit]

    def older(self, days: int, now: datetime) -> list[int]:
        """Places of what is so old, from the oldest on."""
        until, places = now - timedelta(days=days), []
        for index, (_, recorded_at) in self.events.items():
            if recorded_at >= until:
                break
            places.append(index)
        return places

    def forget(self, days: int, through: int, now: datetime) -> int:
        for index in self.older(max(days, DAYS_MIN), now):
            if index <= through:
                del self.events[index]
        return self.kept()[0]

    def kept(self) -> tuple[int, int]:
        return next(iter(self.events), len(self.leaves)), len(self.leaves)

    def read(self, event_id: str) -> Recorded | None:
        found = (kept for kept, _ in self.events.values() if kept.event.event_id == event_id)
        return next(found, None)


class MemoryAudit:
    def __init__(self, table: AuditTable, wire: Wire, clock: Clock) -> None:
        self._table = table
        self._wire = wire
        self._clock = clock

    async def append(self, events: Sequence[AuditEvent]) -> None:
        await self._wire.ask("audit", lambda: self._table.append(events, self._now()))

    async def page(
        self, wanted: AuditQuery, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Recorded]:
        return await self._wire.ask("audit page", lambda: self._table.page(wanted, before, limit))

    async def read(self, event_id: str) -> Recorded | None:
        return await self._wire.ask("audit read", lambda: self._table.read(event_id))

    async def kept(self) -> tuple[int, int]:
        return await self._wire.ask("audit kept", self._table.kept)

    async def unanswered(self, *, older_than_s: float, limit: int = 100) -> Sequence[Recorded]:
        until = self._now() - timedelta(seconds=older_than_s)
        return await self._wire.ask("unanswered", lambda: self._table.unanswered(until, limit))

    async def forgettable(self, *, days: int) -> int | None:
        older = await self._wire.ask("forgettable", lambda: self._table.older(days, self._now()))
        return older[-1] if older else None

    async def forget(self, *, days: int, through: int) -> int:
        return await self._wire.ask(
            "forget", lambda: self._table.forget(days, through, self._now())
        )

    def _now(self) -> datetime:
        return self._clock.now()


class MemoryAuditOrder:
    def __init__(self, table: AuditTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def sequence(self) -> int:
        return await self._wire.ask("audit size", lambda: len(self._table.leaves))

    async def leaves(self, start: int, limit: int) -> list[bytes]:
        return await self._wire.ask(
            "audit leaves", lambda: self._table.leaves[start : start + limit]
        )


def _passes(event: AuditEvent, wanted: AuditQuery) -> bool:
    texts: list[tuple[str, str]] = [
        (wanted.actor, event.actor.id),
        (wanted.action, event.action),
        (wanted.object, event.object),
        ("" if wanted.tenant == "*" else wanted.tenant, event.actor.tenant),
    ]
    is_late = wanted.since is None or event.at >= wanted.since
    is_early = wanted.until is None or event.at < wanted.until
    return is_late and is_early and all(not asked or asked == there for asked, there in texts)
