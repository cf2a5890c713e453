"""API keys and counts of checks in memory: ports.Directory and ports.VerifyCounter."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from kaipiao.ports import ApiKey
from kaipiao.twin.wire import Wire


class DirectoryTable:
    def __init__(self) -> None:
        self.by_secret: dict[bytes, ApiKey] = {}
        self.checks: Counter[tuple[date, str]] = Counter()

    def add_key(self, key: ApiKey, secret_hash: bytes) -> None:
        assert secret_hash not in self.by_secret
        assert all(key.key_id != other.key_id for other in self.by_secret.values())
        self.by_secret[secret_hash] = key

    def keys(self) -> list[ApiKey]:
        return sorted(self.by_secret.values(), key=lambda key: (key.created_at, key.key_id))

    def revoke(self, key_id: str, at: datetime) -> bool:
        for secret_hash, key in self.by_secret.items():
            if key.key_id == key_id:
                revoked = msgspec.structs.replace(key, revoked_at=key.revoked_at or at)
                self.by_secret[secret_hash] = revoked
                return True
        return False

    def count_check(self, number: str, day: date) -> int:
        self.checks[day, number] += 1
        return self.checks[day, number]


class MemoryDirectory:
    def __init__(self, table: DirectoryTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def add_key(self, key: ApiKey, secret_hash: bytes) -> None:
        await self._wire.ask("add key", lambda: self._table.add_key(key, secret_hash))

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey | None:
        return await self._wire.ask("find key", lambda: self._table.by_secret.get(secret_hash))

    async def keys(self) -> Sequence[ApiKey]:
        return await self._wire.ask("keys", self._table.keys)

    async def revoke(self, key_id: str, *, at: datetime) -> bool:
        return await self._wire.ask("revoke", lambda: self._table.revoke(key_id, at))


class MemoryVerifyCounter:
    def __init__(self, table: DirectoryTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def count_check(self, number: str, *, day: date) -> int:
        return await self._wire.ask("count", lambda: self._table.count_check(number, day))
