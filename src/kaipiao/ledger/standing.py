"""Standing orders, and download links: small tables that people manage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kaipiao.fiscal.delivery import DownloadLink, StandingOrder
from kaipiao.ledger.pool import Pool

LIVE = "ended_at IS NULL AND disabled_at IS NULL"
_ORDER = StandingOrder.__struct_fields__
_LINK = DownloadLink.__struct_fields__
_TUPLES = ("sellers", "events", "send_to", "renditions")


class Orders:
    """Implements ports.StandingOrders."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, order: StandingOrder) -> None:
        await self._pool.execute(_insert("standing_order", _ORDER), *_values(order, _ORDER))

    async def read(self, order_id: str) -> StandingOrder | None:
        row = await self._pool.fetchrow(
            "SELECT * FROM standing_order WHERE order_id = $1", order_id
        )
        return order_of(row) if row else None

    async def of_tenant(self, tenant: str, *, channel: str) -> Sequence[StandingOrder]:
        rows = await self._pool.fetch(
            "SELECT * FROM standing_order WHERE channel = $1 AND ($2 = '*' OR tenant = $2)"
            " AND ended_at IS NULL ORDER BY created_at, order_id",
            channel,
            tenant,
        )
        return [order_of(row) for row in rows]

    async def rotate(self, order_id: str, *, at: datetime) -> StandingOrder | None:
        row = await self._pool.fetchrow(
            "UPDATE standing_order SET generation = generation + 1, rotated_at = $2"
            " WHERE order_id = $1 AND ended_at IS NULL RETURNING *",
            order_id,
            at,
        )
        return order_of(row) if row else None

    async def enable(self, order_id: str) -> bool:
        async with self._pool.transaction() as connection:
            await connection.execute("DELETE FROM lane WHERE lane = $1", order_id)
            tag: str = await connection.execute(
                "UPDATE standing_order SET disabled_at = NULL, disabled_why = ''"
                " WHERE order_id = $1 AND ended_at IS NULL",
                order_id,
            )
        return tag.endswith(" 1")

    async def end(self, order_id: str, *, at: datetime) -> bool:
        async with self._pool.transaction() as connection:
            tag: str = await connection.execute(
                "UPDATE standing_order SET ended_at = $2 WHERE order_id = $1 AND ended_at IS NULL",
                order_id,
                at,
            )
            await connection.execute(
                "UPDATE delivery SET state = 'cancelled', settled_at = now(),"
                " said = 'the order was ended' WHERE order_id = $1 AND state = 'waiting'",
                order_id,
            )
        return tag.endswith(" 1")


class Links:
    """Implements ports.DownloadLinks."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def add(self, link: DownloadLink) -> None:
        await self._pool.execute(_insert("download_link", _LINK), *_values(link, _LINK))

    async def read(self, link_id: str) -> DownloadLink | None:
        row = await self._pool.fetchrow("SELECT * FROM download_link WHERE link_id = $1", link_id)
        return link_of(row) if row else None

    async def of_number(self, number: str) -> Sequence[DownloadLink]:
        rows = await self._pool.fetch(
            "SELECT * FROM download_link WHERE number = $1 ORDER BY created_at, link_id", number
        )
        return [link_of(row) for row in rows]

    async def use(self, link_id: str, *, at: datetime) -> DownloadLink | None:
        row = await self._pool.fetchrow(
            "UPDATE download_link SET uses = uses + 1, used_at = $2 WHERE link_id = $1"
            " AND revoked_at IS NULL AND expires_at > $2 AND (max_uses = 0 OR uses < max_uses)"
            " RETURNING *",
            link_id,
            at,
        )
        return link_of(row) if row else None

    async def revoke(self, link_id: str, *, at: datetime) -> bool:
        changed = await self._pool.execute(
            "UPDATE download_link SET revoked_at = coalesce(revoked_at, $2) WHERE link_id = $1",
            link_id,
            at,
        )
        return changed == 1


def order_of(row: Any, *, prefix: str = "") -> StandingOrder:
    fields = {name: row[prefix + name] for name in _ORDER}
    return StandingOrder(**(fields | {name: tuple(fields[name]) for name in _TUPLES}))


def link_of(row: Any) -> DownloadLink:
    return DownloadLink(**{name: row[name] for name in _LINK})


def _insert(table: str, names: Sequence[str]) -> str:
    places = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places})"


def _values(value: StandingOrder | DownloadLink, names: Sequence[str]) -> list[object]:
    return [getattr(value, name) for name in names]
