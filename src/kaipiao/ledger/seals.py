"""Seals: lots of the log, leased to one sealer at a time, and every mark that there ever was.

A lot is cut from the log's own order, so nothing is asked of issuing.  Invoices that were archived
meanwhile are found on the shelf.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from kaipiao.fiscal.leaf import LEAF_BYTES
from kaipiao.fiscal.number import Series
from kaipiao.fiscal.seal import (
    LATENCY_MS,
    Backlog,
    BreakerReport,
    Score,
    Sealable,
    SealKey,
    SealLot,
    SealMark,
    SealStanding,
    SealState,
    VendorStanding,
)
from kaipiao.ledger import seal_statements as sql
from kaipiao.ledger.archive.shelf import Shelf
from kaipiao.ledger.pool import Pool

LOT_INVOICES = 100
LOTS_AT_ONCE = 1_000
"""Lots that one statement cuts or queues again."""

FRESH_S = 60.0
"""Invoices issued in so many last seconds need not wait behind a backlog."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[bytes]).decode
_json = msgspec.json.Encoder().encode


class SealBook:
    """Implements ports.Seals."""

    def __init__(self, pool: Pool, shelf: Shelf) -> None:
        self._pool = pool
        self._shelf = shelf

    async def meet(self, keys: Sequence[SealKey], *, kinds: Mapping[str, str]) -> None:
        async with self._pool.transaction() as connection:
            for key in sorted(keys, key=lambda one: one.vendor):
                await connection.execute(
                    sql.MEET_KEY, key.key_id, key.vendor, key.algorithm, key.certificate
                )
                await connection.execute(sql.MEET, key.vendor, kinds[key.vendor], key.key_id)

    async def cut(self, *, with_tail: bool) -> int:
        cut: int = await self._pool.fetchval(sql.CUT, LOT_INVOICES, LOTS_AT_ONCE, with_tail)
        return cut

    async def take(
        self, worker: str, key: SealKey, *, hold_s: float, oldest: bool
    ) -> SealLot | None:
        given = (worker, key.vendor, timedelta(seconds=hold_s), key.key_id)
        row = None
        if not oldest:
            row = await self._pool.fetchrow(sql.TAKE_FRESH, *given, timedelta(seconds=FRESH_S))
        row = row or await self._pool.fetchrow(sql.TAKE_OLDEST, *given)
        return SealLot(**dict(row)) if row else None

    async def sealables(self, lot: SealLot) -> list[Sealable]:
        rows = await self._pool.fetch(sql.SEALABLES, lot.first_index, lot.count)
        found = [one for row in rows for one in await self._of_batch(row, lot)]
        assert len(found) == lot.count, "a lot lies inside the log"
        return found

    async def _of_batch(self, row: Any, lot: SealLot) -> list[Sealable]:
        """Those of one batch that lie in the lot."""
        first, series = row["first_index"], row["series"]
        leaves, issued_at = row["leaves"], row["issued_at"]
        skip = max(0, lot.first_index - first)
        if leaves is None:
            batch = await self._shelf.batch(series, row["first_serial"])
            assert batch is not None, "a batch in the log is in the database or in the archive"
            issued_at = batch.issued_at
            leaves = (await self._shelf.leaves(series, row["first_serial"]))[LEAF_BYTES * skip :]
        end = min(row["count"], lot.first_index + lot.count - first)
        return [
            Sealable(
                Series(series),
                row["first_serial"] + n,
                issued_at,
                first + n,
                leaves[LEAF_BYTES * (n - skip) : LEAF_BYTES * (n - skip + 1)],
            )
            for n in range(skip, end)
        ]

    async def seal(
        self, worker: str, lot: SealLot, key: SealKey, signatures: Sequence[bytes]
    ) -> bool:
        assert len(signatures) == lot.count
        async with self._pool.transaction() as connection:
            tag: str = await connection.execute(sql.SEAL, lot.first_index, worker, key.vendor)
            if not tag.endswith(" 1"):
                return False
            packed = _pack(list(signatures))
            await connection.execute(
                sql.MARK, lot.first_index, key.vendor, key.key_id, packed, lot.count
            )
        return True

    async def put_back(
        self, worker: str, lot: SealLot, vendor: str, *, lied: bool, again_after_s: float
    ) -> None:
        again_after = timedelta(seconds=again_after_s)
        await self._pool.execute(sql.PUT_BACK, lot.first_index, worker, vendor, lied, again_after)

    async def let_go(self, worker: str) -> None:
        await self._pool.execute(sql.LET_GO, worker)

    async def requeue(self) -> int:
        queued: int = await self._pool.fetchval(sql.REQUEUE, LOTS_AT_ONCE)
        return queued

    async def backlog(self) -> Backlog:
        row = await self._pool.fetchrow(sql.BACKLOG)
        waiting = row["waiting"]
        return Backlog(waiting=waiting, oldest_s=row["oldest_s"] if waiting else None)

    async def standing(self, log_index: int | None) -> SealStanding:
        rows = [] if log_index is None else await self._pool.fetch(sql.STANDING, log_index)
        if log_index is None or not rows:
            has_vendors = await self._pool.fetchval(sql.HAS_VENDORS)
            return SealStanding(state="waiting" if has_vendors else "none")
        marks = [_mark(row, log_index) for row in rows if row["vendor"] is not None]
        over = tuple(one for one in marks if one.superseded_at is not None)
        holds = next((one for one in marks if one.superseded_at is None), None)
        if holds is None:
            state: SealState = "resealing" if rows[0]["is_again"] else "waiting"
            return SealStanding(state=state, since=rows[0]["waiting_since"], superseded=over)
        if rows[0]["distrusted_at"] is not None:  # and not queued again yet
            since = rows[0]["distrusted_at"]
            return SealStanding(state="resealing", since=since, superseded=(holds, *over))
        return SealStanding(state="sealed", since=holds.sealed_at, mark=holds, superseded=over)

    async def note(self, worker: str, vendor: str, score: Score, report: BreakerReport) -> None:
        async with self._pool.transaction() as connection:
            await connection.execute(
                sql.NOTE, vendor, score.invoices, _json(score.asked).decode(),
                list(score.latencies), _json(score.state_s).decode(),
            )  # fmt: skip
            await connection.execute(
                sql.REPORT, vendor, worker, report.state, report.since_s, report.said
            )
            await connection.execute(sql.FORGET_REPORTS)
            await connection.execute(sql.FORGET_SCORES)

    async def vendors(self) -> Sequence[VendorStanding]:
        return [_standing(row) for row in await self._pool.fetch(sql.VENDORS)]

    async def distrust(self, vendor: str, *, why: str, by: str) -> bool:
        return await self._pool.execute(sql.DISTRUST, vendor, why, by) == 1

    async def trust(self, vendor: str) -> bool:
        return await self._pool.execute(sql.TRUST, vendor) == 1


def _mark(row: Any, log_index: int) -> SealMark:
    return SealMark(
        key=_key(row, row["vendor"]),
        sealed_at=row["sealed_at"],
        signature=_unpack(row["signatures"])[log_index - row["first_index"]],
        superseded_at=row["superseded_at"],
        superseded_why=row["superseded_why"],
    )


def _key(row: Any, vendor: str) -> SealKey:
    return SealKey(
        vendor=vendor,
        key_id=row["key_id"],
        algorithm=row["algorithm"],
        certificate=row["certificate"],
    )


def _standing(row: Any) -> VendorStanding:
    hours = msgspec.json.decode(row["hours"] or b"[]", type=list[Score])
    reports = msgspec.json.decode(row["reports"] or b"[]", type=list[BreakerReport])
    return VendorStanding(
        name=row["name"],
        kind=row["kind"],
        key=_key(row, row["name"]),
        distrusted_at=row["distrusted_at"],
        distrusted_why=row["distrusted_why"],
        distrusted_by=row["distrusted_by"],
        lied_at=row["lied_at"],
        score=_sum(hours),
        breakers=tuple(reports),
    )


def _sum(scores: Sequence[Score]) -> Score:
    asked: dict[Any, int] = {}
    state_s: dict[Any, float] = {}
    for score in scores:
        for outcome, count in score.asked.items():
            asked[outcome] = asked.get(outcome, 0) + count
        for state, seconds in score.state_s.items():
            state_s[state] = state_s.get(state, 0.0) + seconds
    classes = zip(*(score.latencies for score in scores), strict=True)
    latencies = tuple(map(sum, classes)) or (0,) * (len(LATENCY_MS) + 1)
    invoices = sum(score.invoices for score in scores)
    return Score(asked=asked, invoices=invoices, latencies=latencies, state_s=state_s)
