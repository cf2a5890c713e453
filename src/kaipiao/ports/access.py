"""Who may ask, and how often a stranger has asked."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """Who is calling.  ``taxpayers`` holds the ids it may act for; ``*`` stands for all."""

    key_id: str
    tenant: str
    name: str
    may: frozenset[str]  # issue, read, confirm, grant, deliver, admin, audit
    taxpayers: frozenset[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def acts_for(self, taxpayer: str) -> bool:
        return "*" in self.taxpayers or taxpayer in self.taxpayers


class Directory(Protocol):
    """API keys, known only by the SHA-256 of their secret."""

    async def add_key(self, key: ApiKey, secret_hash: bytes) -> None: ...

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey | None:
        """The key with this secret, even if expired or revoked: the caller looks."""
        ...

    async def keys(self) -> Sequence[ApiKey]: ...

    async def revoke(self, key_id: str, *, at: datetime) -> bool: ...


class VerifyCounter(Protocol):
    async def count_check(self, number: str, *, day: date) -> int:
        """Count one more check of this number today; how many there have been."""
        ...
