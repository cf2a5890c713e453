"""Deliveries: leased to one worker at a time, settled once, seen for weeks.

``take`` locks a row, skips what others have locked, and writes a worker and a deadline into it.
While the deadline is ahead nobody else is given the row; a worker that lives keeps moving it.
A worker that dies leaves a row whose deadline passes, and the next one takes it over, writing
``lost`` for the try whose end nobody knows.  All of it by PostgreSQL's clock.

A lane is what fails together.  Three failures in a row close it for a while; then one delivery
at a time is tried until one succeeds.  Each take gives every open lane a turn, from where the
last take left off, so no lane stands before another.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from kaipiao.fiscal.delivery import Attempt, Delivery, NewDelivery, Parcel, Verdict
from kaipiao.ledger import delivery_statements as sql
from kaipiao.ledger.outbox import Match, Outbox
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.queueing import insert
from kaipiao.ledger.standing import order_of

LEASE_S = 15.0
"""A worker that is silent for so long is dead, and its work goes to another."""

MAX_TRIES = 10
LANE_ROOM = 4
"""Deliveries of one webhook that one worker has in hand at once: a slow one holds no more."""

MAIL_ROOM = 16
"""Mails that one worker hands to the relay at once."""

MAX_LANES = 1_000
KEPT_DAYS = 30
"""How long a delivery that arrived, or was cancelled, can be seen."""

DEAD_KEPT_DAYS = 90
"""How long one that did not arrive can be seen and sent again."""

REPLAYED_AT_ONCE = 10_000
DISABLE_AFTER_DAYS = 5
_COLUMNS = Delivery.__struct_fields__
_DELIVERY = ", ".join(_COLUMNS)


class DeliveryBook:
    """Implements ports.Deliveries."""

    def __init__(self, pool: Pool, *, lease_s: float = LEASE_S) -> None:
        self._pool = pool
        self._outbox = Outbox(pool)
        self._lease = timedelta(seconds=lease_s)
        self._after = ""  # the lane that was given last

    async def expand(self, match: Match) -> int:
        return await self._outbox.expand(match)

    async def queue(self, new: Sequence[NewDelivery]) -> int:
        async with self._pool.transaction() as connection:
            return await insert(connection, new)

    async def take(
        self, worker: str, *, limit: int, busy: Mapping[str, int], oldest_first: bool = False
    ) -> list[Parcel]:
        parcels = await self._take_after(self._after, worker, limit, busy, oldest_first)
        if not parcels and self._after:
            parcels = await self._take_after("", worker, limit, busy, oldest_first)
        self._after = max(p.lane for p in parcels) if len(parcels) == limit else ""
        return parcels

    async def _take_after(
        self, after: str, worker: str, limit: int, busy: Mapping[str, int], oldest_first: bool
    ) -> list[Parcel]:
        rows = await self._pool.fetch(
            sql.TAKE_OLDEST if oldest_first else sql.TAKE_NEWEST,
            worker,
            limit,
            list(busy.keys()),
            list(busy.values()),
            after,
            MAX_TRIES,
            self._lease,
            LANE_ROOM,
            MAIL_ROOM,
            MAX_LANES,
        )
        return [_parcel(row) for row in rows]

    async def renew(self, worker: str, delivery_ids: Sequence[str]) -> int:
        return await self._pool.execute(sql.RENEW, worker, list(delivery_ids), self._lease)

    async def settle(
        self, worker: str, parcel: Parcel, verdict: Verdict, *, again_after_s: float | None
    ) -> bool:
        state = "delivered" if verdict.outcome == "delivered" else "dead"
        if again_after_s is not None:
            state = "waiting"
        values = (
            parcel.delivery_id,
            parcel.round,
            parcel.tries,
            worker,
            state,
            timedelta(seconds=again_after_s or 0),
            verdict.said,
            verdict.outcome,
            verdict.status,
            verdict.took_ms,
        )
        if verdict.outcome == "delivered" and not parcel.is_lane_failing:  # nearly always
            return bool(await self._pool.fetchval(sql.SETTLE, *values))
        async with self._pool.transaction() as connection:
            ours: bool = await connection.fetchval(sql.SETTLE, *values)
            await self._note_lane(connection, parcel, verdict)
        return ours

    async def _note_lane(self, connection: Any, parcel: Parcel, verdict: Verdict) -> None:
        if verdict.outcome == "delivered" and parcel.is_lane_failing:
            await connection.execute("DELETE FROM lane WHERE lane = $1", parcel.lane)
        elif verdict.is_gone and parcel.order is not None:
            await connection.execute(sql.DISABLE, [parcel.order.order_id], verdict.said)
            await connection.execute(sql.BURY, [parcel.order.order_id])
        elif verdict.is_lane_at_fault:
            await connection.execute(sql.LANE_FAILED, parcel.lane)

    async def sweep(self) -> None:
        async with self._pool.transaction() as connection:
            await connection.execute(sql.GIVE_UP, MAX_TRIES)
            hopeless = await connection.fetch(sql.HOPELESS, timedelta(days=DISABLE_AFTER_DAYS))
            if ids := [row["lane"] for row in hopeless]:
                why = f"it failed for {DISABLE_AFTER_DAYS} days"
                await connection.execute(sql.DISABLE, ids, why)
                await connection.execute(sql.BURY, ids)
        kept, dead_kept = timedelta(days=KEPT_DAYS), timedelta(days=DEAD_KEPT_DAYS)
        while await self._pool.execute(sql.FORGET, kept, dead_kept):
            pass
        await self._pool.execute(sql.FORGET_LINKS, kept)

    async def read(self, delivery_id: str) -> Delivery | None:
        row = await self._pool.fetchrow(
            f"SELECT {_DELIVERY} FROM delivery WHERE delivery_id = $1", delivery_id
        )
        return _delivery(row) if row else None

    async def body(self, delivery_id: str) -> bytes | None:
        body: bytes | None = await self._pool.fetchval(
            "SELECT body FROM delivery WHERE delivery_id = $1", delivery_id
        )
        return body

    async def attempts(self, delivery_id: str) -> Sequence[Attempt]:
        rows = await self._pool.fetch(
            "SELECT * FROM delivery_attempt WHERE delivery_id = $1 ORDER BY round, try", delivery_id
        )
        return [_attempt(row) for row in rows]

    async def page(
        self,
        *,
        tenant: str = "",
        seller: str = "",
        subject: str = "",
        order_id: str = "",
        state: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        named = {
            "tenant": tenant, "seller": seller, "subject": subject,
            "order_id": order_id, "state": state,
        }  # fmt: skip
        given = {name: value for name, value in named.items() if value}
        wanted = [f"{name} = ${n}" for n, name in enumerate(given, start=3)]
        where = " AND ".join(["place < $1", *wanted])
        rows = await self._pool.fetch(
            f"SELECT {_DELIVERY} FROM delivery WHERE {where} ORDER BY place DESC LIMIT $2",
            2**62 if before is None else before,
            limit,
            *given.values(),
        )
        return [_delivery(row) for row in rows]

    async def replay(self, delivery_ids: Sequence[str]) -> int:
        return await self._pool.execute(sql.REPLAY, list(delivery_ids))

    async def replay_range(
        self, order_id: str, *, since: datetime, until: datetime, dead_only: bool
    ) -> int:
        return await self._pool.execute(
            sql.REPLAY_RANGE, order_id, since, until, dead_only, REPLAYED_AT_ONCE
        )


def _parcel(row: Any) -> Parcel:
    return Parcel(
        delivery_id=row["delivery_id"],
        channel=row["channel"],
        lane=row["lane"],
        event=row["event"],
        subject=row["subject"],
        body=row["body"],
        round=row["round"],
        tries=row["tries"],
        is_lane_failing=row["is_lane_failing"],
        order=order_of(row, prefix="o_") if row["o_order_id"] is not None else None,
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(**{name: row[name] for name in _COLUMNS})


def _attempt(row: Any) -> Attempt:
    return Attempt(
        round=row["round"],
        number=row["try"],
        ended_at=row["ended_at"],
        worker=row["worker"],
        outcome=row["outcome"],
        status=row["status"],
        said=row["said"],
        took_ms=row["took_ms"],
    )
