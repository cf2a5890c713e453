"""API keys, known only by a hash; and how often an invoice was verified today."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from kaipiao.ledger.pool import Pool
from kaipiao.ports import ApiKey

_KEY = "key_id, tenant, name, may, taxpayers, created_at, expires_at, revoked_at"


class ApiKeys:
    """Implements ports.Directory."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add_key(self, key: ApiKey, secret_hash: bytes) -> None:
        added = await self._pool.execute(
            f"INSERT INTO api_key ({_KEY}, secret_hash)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
            " ON CONFLICT DO NOTHING",
            key.key_id,
            key.tenant,
            key.name,
            sorted(key.may),
            sorted(key.taxpayers),
            key.created_at,
            key.expires_at,
            key.revoked_at,
            secret_hash,
        )
        known = None if added else await self.find_by_secret(secret_hash)
        assert added or (known and known.key_id == key.key_id), f"another key is {key.key_id}"

    async def find_by_secret(self, secret_hash: bytes) -> ApiKey | None:
        row = await self._pool.fetchrow(
            f"SELECT {_KEY} FROM api_key WHERE secret_hash = $1", secret_hash
        )
        return _key(row) if row else None

    async def keys(self) -> Sequence[ApiKey]:
        rows = await self._pool.fetch(f"SELECT {_KEY} FROM api_key ORDER BY created_at, key_id")
        return [_key(row) for row in rows]

    async def revoke(self, key_id: str, *, at: datetime) -> bool:
        changed = await self._pool.execute(
            "UPDATE api_key SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1",
            key_id,
            at,
        )
        return changed == 1


class VerifyCounts:
    """Implements ports.VerifyCounter."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def count_check(self, number: str, *, day: date) -> int:
        checks: int = await self._pool.fetchval(
            "INSERT INTO verify_count AS v (day, number, checks) VALUES ($1, $2, 1)"
            " ON CONFLICT (day, number) DO UPDATE SET checks = v.checks + 1 RETURNING checks",
            day,
            number,
        )
        return checks

    async def forget_before(self, day: date) -> int:
        """Drop counts of days gone by; how many."""
        return await self._pool.execute("DELETE FROM verify_count WHERE day < $1", day)


def _key(row: Any) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        tenant=row["tenant"],
        name=row["name"],
        may=frozenset(row["may"]),
        taxpayers=frozenset(row["taxpayers"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
