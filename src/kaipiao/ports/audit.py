"""Who did what, written down where it cannot be taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from kaipiao.fiscal.audit import AuditEvent


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event in its place in the audit log, and what its leaf was made of."""

    index: int
    salt: bytes
    content: bytes  # canonical

    @property
    def event(self) -> AuditEvent:
        return msgspec.json.decode(self.content, type=AuditEvent)


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Every filter narrows; empty or None filters nothing."""

    actor: str = ""
    action: str = ""
    object: str = ""
    tenant: str = "*"  # whose actors; * stands for everyone, those of no tenant too
    since: datetime | None = None  # whole seconds
    until: datetime | None = None  # not included


class AuditTrail(Protocol):
    """Who did what.  Written once and never changed; every method may raise Outage."""

    async def append(self, events: Sequence[AuditEvent]) -> None:
        """Write these in their order, each with its place in the log.

        Durable before it returns.  After an Outage they may be there or not.
        """
        ...

    async def page(
        self, wanted: AuditQuery, *, before: int | None = None, limit: int = 100
    ) -> Sequence[Recorded]:
        """Newest first, from below place ``before``."""
        ...

    async def read(self, event_id: str) -> Recorded | None: ...

    async def kept(self) -> tuple[int, int]:
        """The first place whose event is kept, and the log's size; equal if none is."""
        ...

    async def unanswered(self, *, older_than_s: float, limit: int = 100) -> Sequence[Recorded]:
        """What was asked so long ago and has no outcome, oldest first."""
        ...

    async def forgettable(self, *, days: int) -> int | None:
        """The last place of all that is older than so many days; None if nothing is."""
        ...

    async def forget(self, *, days: int, through: int) -> int:
        """Destroy events and salts up to ``through`` that are so old; the first place still kept.

        Their leaves stay.  Nothing younger than 184 days goes, whatever is asked.
        """
        ...
