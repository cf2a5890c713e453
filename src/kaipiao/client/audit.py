"""The audit log, for a key that holds the right ``audit``; each reading is an event of it."""

from collections.abc import Iterator

import msgspec

from kaipiao.client.wire import Wire
from kaipiao.fiscal.audit import AuditEvent

PAGE = "500"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """An event in its place; ``event`` is its very bytes, of which (and the salt) its leaf is."""

    index: int
    event: msgspec.Raw
    salt: str  # hex

    @property
    def said(self) -> AuditEvent:
        return msgspec.json.decode(self.event, type=AuditEvent)


class EventPage(msgspec.Struct, frozen=True, kw_only=True):
    events: tuple[Event, ...]
    before: int | None
    kept_from: int
    size: int


class Audit:
    """``Client.audit``.  Every method may raise ``Problem`` or ``Unreachable``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def pages(self, *, limit: str = PAGE, **filters: str | None) -> Iterator[EventPage]:
        """Newest first; filters: ``actor``, ``action``, ``about``, ``since``, ``until``."""
        before: str | None = None
        while True:
            page = self._wire.get("/v1/audit", EventPage, before=before, limit=limit, **filters)
            yield page
            if page.before is None:
                return
            before = str(page.before)

    def read(self, event_id: str) -> Event:
        return self._wire.get(f"/v1/audit/{event_id}", Event)

    def receipt(self, event_id: str) -> str:
        """The event's proof (C2SP tlog-proof)."""
        return self._wire.ask("GET", f"/v1/audit/{event_id}/receipt").text

    def log_file(self, name: str) -> bytes:
        """A file of the public audit log: ``checkpoint``, ``log.vkey``, a tile."""
        return self._wire.ask("GET", f"/audit-log/{name}").content
