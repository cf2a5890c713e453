"""Imports: files of sales, leased to one worker at a time, with every outcome as it is known."""

from collections.abc import Sequence
from typing import Any

import msgspec
import zstandard

from kaipiao.base.canonical import Digest
from kaipiao.errors import KeyReused, TooManyImports
from kaipiao.fiscal.imports import Counts, Import, SaleResult, count
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.ledger.pool import Pool
from kaipiao.ports import ImportRoom

LEASE = "12 seconds"
"""A worker that says nothing for so long has died; another takes over."""

MAX_TRIES = 5
"""Taken so often without getting any further, the file itself is what breaks us."""

MAX_RESULTS_BYTES = 64 << 20
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[SaleResult]).decode

_COLUMNS = """import_id, tenant, key_id, taxpayers, name, format, size_bytes, state, total, issued,
              replayed, refused, skipped, version, uploaded_at, changed_at, ended_at, zh, en"""
_ADD = """
WITH added AS (
    INSERT INTO import (import_id, asked, tenant, key_id, taxpayers, name, format, size_bytes)
    SELECT $1, $2, $3::text, $4, $5, $6, $7, $8::bigint
     WHERE (SELECT count(*) FROM import WHERE tenant = $3 AND ended_at IS NULL) < $10
       AND (SELECT coalesce(sum(size_bytes), 0)::bigint FROM import WHERE tenant = $3) + $8 <= $11
    ON CONFLICT (import_id) DO NOTHING RETURNING import_id
)
INSERT INTO import_file (import_id, part, content) SELECT import_id, 'upload', $9 FROM added
"""
_GIVE_UP = f"""
UPDATE import SET state = 'failed', ended_at = now(), changed_at = now(), version = version + 1,
       zh = '处理该文件时反复出错, 已停止。请联系管理方, 并提供导入编号。',
       en = 'Working on this file failed again and again. Tell the operator the id of the import.'
 WHERE ended_at IS NULL AND held_until <= now() AND tries >= {MAX_TRIES}
"""
# Whoever has nothing under way comes before whoever has; among equals, the oldest.
_TAKE = f"""
UPDATE import SET worker = $1, held_until = now() + interval '{LEASE}', tries = tries + 1,
       state = CASE state WHEN 'waiting' THEN 'running' ELSE state END,
       changed_at = now(), version = version + 1
 WHERE import_id = (
       SELECT import_id FROM import AS i
        WHERE ended_at IS NULL AND held_until <= now()
        ORDER BY (SELECT count(*) FROM import AS o
                   WHERE o.tenant = i.tenant AND o.ended_at IS NULL AND o.held_until > now()),
                 uploaded_at
        LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}
"""
# A key that was revoked while its import runs ends it, as a cancel would.
_NOTE = f"""
WITH noted AS (
    UPDATE import AS i
       SET held_until = now() + interval '{LEASE}', total = $3,
           issued = issued + $4, replayed = replayed + $5, refused = refused + $6,
           skipped = skipped + $7, changed_at = now(), version = version + 1,
           tries = CASE WHEN $9::bytea IS NULL THEN tries ELSE 0 END,
           state = CASE WHEN live.is THEN state ELSE 'cancelling' END,
           zh = CASE WHEN live.is THEN zh ELSE '上传所用的 API 密钥已失效。' END,
           en = CASE WHEN live.is THEN en ELSE 'The API key it was uploaded with has ended.' END
      FROM (SELECT EXISTS (SELECT FROM api_key AS k JOIN import USING (key_id)
                            WHERE import_id = $2 AND revoked_at IS NULL
                              AND coalesce(expires_at > now(), true)) AS is) AS live
     WHERE import_id = $2 AND worker = $1 AND ended_at IS NULL
    RETURNING {_COLUMNS}
), kept AS (
    INSERT INTO import_result (import_id, first_place, results)
    SELECT import_id, $8, $9 FROM noted WHERE $9::bytea IS NOT NULL
)
SELECT * FROM noted
"""
_END = """
WITH ended AS (
    UPDATE import SET state = $3, zh = $4, en = $5, total = $6, ended_at = now(),
           changed_at = now(), version = version + 1
     WHERE import_id = $2 AND worker = $1 AND ended_at IS NULL RETURNING import_id
), kept AS (
    INSERT INTO import_file (import_id, part, content)
    SELECT import_id, 'result', $7 FROM ended WHERE $7::bytea IS NOT NULL
)
SELECT count(*) FROM ended
"""
_CANCEL = f"""
UPDATE import
   SET state = CASE state WHEN 'waiting' THEN 'cancelled' ELSE 'cancelling' END,
       ended_at = CASE state WHEN 'waiting' THEN now() END,
       changed_at = now(), version = version + 1
 WHERE import_id = $1 AND state IN ('waiting', 'running')
RETURNING {_COLUMNS}
"""


class ImportFiles:
    """Implements ports.Imports."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(
        self, new: Import, content: bytes, *, asked: Digest, key: IdempotencyKey, room: ImportRoom
    ) -> tuple[Import, bool]:
        added = await self._pool.execute(
            _ADD, new.import_id, asked, new.tenant, new.key_id, sorted(new.taxpayers), new.name,
            new.format, new.size_bytes, content, room.open_imports, room.stored_bytes,
        )  # fmt: skip
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS}, asked FROM import WHERE import_id = $1", new.import_id
        )
        if row is None:
            mib = room.stored_bytes >> 20
            raise TooManyImports(limit=f"{room.open_imports} open, {mib} MiB kept")
        if row["asked"] != asked:
            raise KeyReused(key=key)
        return _import(row), not added

    async def read(self, import_id: str) -> Import | None:
        row = await self._pool.fetchrow(
            f"SELECT {_COLUMNS} FROM import WHERE import_id = $1", import_id
        )
        return _import(row) if row else None

    async def of_tenant(self, tenant: str, *, limit: int) -> Sequence[Import]:
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM import WHERE $1 IN (tenant, '*')"
            " ORDER BY uploaded_at DESC, import_id LIMIT $2",
            tenant,
            limit,
        )
        return [_import(row) for row in rows]

    async def cancel(self, import_id: str) -> Import | None:
        row = await self._pool.fetchrow(_CANCEL, import_id)
        return _import(row) if row else await self.read(import_id)

    async def content(self, import_id: str, part: str) -> bytes | None:
        content: bytes | None = await self._pool.fetchval(
            "SELECT content FROM import_file WHERE import_id = $1 AND part = $2", import_id, part
        )
        return content

    async def take(self, worker: str) -> Import | None:
        await self._pool.execute(_GIVE_UP)
        row = await self._pool.fetchrow(_TAKE, worker)
        return _import(row) if row else None

    async def note(
        self, worker: str, import_id: str, results: Sequence[SaleResult], *, total: int
    ) -> Import | None:
        counts = count(list(results))
        row = await self._pool.fetchrow(
            _NOTE, worker, import_id, total,
            counts.issued, counts.replayed, counts.refused, counts.skipped,
            results[0].place if results else 0,
            zstandard.compress(_pack(results), 1) if results else None,
        )  # fmt: skip
        return _import(row) if row else None

    async def renew(self, worker: str, import_id: str) -> bool:
        changed = await self._pool.execute(
            f"UPDATE import SET held_until = now() + interval '{LEASE}'"
            " WHERE import_id = $2 AND worker = $1 AND ended_at IS NULL",
            worker,
            import_id,
        )
        return changed == 1

    async def results(self, import_id: str) -> list[SaleResult]:
        rows = await self._pool.fetch(
            "SELECT results FROM import_result WHERE import_id = $1 ORDER BY first_place",
            import_id,
        )
        unpacker = zstandard.ZstdDecompressor()
        return [
            result
            for row in rows
            for result in _unpack(unpacker.decompress(row["results"], MAX_RESULTS_BYTES))
        ]

    async def end(self, worker: str, ended: Import, result: bytes | None) -> bool:
        changed: int = await self._pool.fetchval(
            _END, worker, ended.import_id, ended.state, ended.zh, ended.en, ended.total, result
        )
        return changed == 1

    async def let_go(self, worker: str) -> None:
        await self._pool.execute(
            "UPDATE import SET held_until = now(), tries = greatest(tries - 1, 0)"
            " WHERE worker = $1 AND ended_at IS NULL AND held_until > now()",
            worker,
        )

    async def forget(self, *, older_than_days: int) -> int:
        return await self._pool.execute(
            "DELETE FROM import WHERE ended_at < now() - make_interval(days => $1)",
            older_than_days,
        )


def _import(row: Any) -> Import:
    return Import(
        import_id=row["import_id"],
        tenant=row["tenant"],
        key_id=row["key_id"],
        taxpayers=frozenset(row["taxpayers"]),
        name=row["name"],
        format=row["format"],
        size_bytes=row["size_bytes"],
        state=row["state"],
        total=row["total"],
        counts=Counts(row["issued"], row["replayed"], row["refused"], row["skipped"]),
        version=row["version"],
        uploaded_at=row["uploaded_at"],
        changed_at=row["changed_at"],
        ended_at=row["ended_at"],
        zh=row["zh"],
        en=row["en"],
    )
