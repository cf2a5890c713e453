"""What happened, on its way to whoever wants to be told: the outbox becomes deliveries.

Where nobody wants anything, the rows are swept away by the thousand without looking at a batch.
Where somebody does, a transaction takes some rows, asks ``match`` what follows from them, and
queues that: wholly or not at all, so each batch is looked at once, whoever dies.

The newest first, because it is what people wait for; every fifth time the oldest, so that a
backlog shrinks whatever comes in.  Orders are read after the rows: an order that was there
before an invoice is seen by whoever sees that invoice.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any

import msgspec

from kaipiao.fiscal.delivery import NewDelivery, StandingOrder
from kaipiao.ledger.batch import Unpacked
from kaipiao.ledger.forms import FORM, form_of
from kaipiao.ledger.pool import Pool
from kaipiao.ledger.queueing import insert
from kaipiao.ledger.reads import unpack
from kaipiao.ledger.standing import LIVE, order_of
from kaipiao.ports import Matcher

SWEPT_AT_ONCE = 5_000
"""Outbox rows thrown away by one statement."""

BATCHES_AT_ONCE = 20
"""Batches unpacked in one transaction: at most 20,000 invoices."""

FORMS_AT_ONCE = 200
OLDEST_EVERY = 5

_SWEEP = f"""
WITH gone AS (
    DELETE FROM outbox WHERE topic = 'delivery' AND (series, first_serial) IN (
        SELECT series, first_serial FROM outbox WHERE topic = 'delivery'
           AND NOT EXISTS (SELECT FROM standing_order WHERE {LIVE})
         LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING 1
), forms AS (
    DELETE FROM form_event WHERE NOT EXISTS (SELECT FROM standing_order WHERE {LIVE})
       AND event_id IN (SELECT event_id FROM form_event LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM forms)
"""


def _take_batches(direction: str) -> str:
    return f"""
    WITH next AS (
        SELECT series, first_serial FROM outbox WHERE topic = 'delivery'
         ORDER BY series {direction}, first_serial {direction} LIMIT $1 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM outbox AS o USING next WHERE o.topic = 'delivery'
           AND o.series = next.series AND o.first_serial = next.first_serial
        RETURNING o.series, o.first_serial
    )
    SELECT gone.series, gone.first_serial, b.count, b.issued_at, b.secret, b.payload,
           l.first_index
      FROM gone LEFT JOIN batch AS b USING (series, first_serial)
                LEFT JOIN log_batch AS l USING (series, first_serial)
    """


_NEWEST, _OLDEST = _take_batches("DESC"), _take_batches("ASC")
_TAKE_FORMS = f"""
WITH gone AS (
    DELETE FROM form_event WHERE event_id IN (
        SELECT event_id FROM form_event ORDER BY event_id LIMIT $1 FOR UPDATE SKIP LOCKED)
    RETURNING event_id, form_id, state AS then_state, happened_at
)
SELECT gone.then_state, gone.happened_at, {FORM}
  FROM gone JOIN confirmation USING (form_id) ORDER BY gone.event_id
"""

Match = Callable[[Sequence[StandingOrder]], Matcher]

_log = logging.getLogger("kaipiao.ledger")


class Outbox:
    """The taking side of ports.Deliveries."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._round = count(1)

    async def expand(self, match: Match) -> int:
        swept: int = await self._pool.fetchval(_SWEEP, SWEPT_AT_ONCE)
        if swept:
            return swept
        return await self._expand_batches(match) + await self._expand_forms(match)

    async def _expand_batches(self, match: Match) -> int:
        statement = _OLDEST if next(self._round) % OLDEST_EVERY == 0 else _NEWEST
        async with self._pool.transaction() as connection:
            rows = await connection.fetch(statement, BATCHES_AT_ONCE)
            if rows:
                matcher = match(await _live_orders(connection))
                await insert(connection, _of_batches(rows, matcher))
        return len(rows)

    async def _expand_forms(self, match: Match) -> int:
        async with self._pool.transaction() as connection:
            rows = await connection.fetch(_TAKE_FORMS, FORMS_AT_ONCE)
            if rows:
                matcher = match(await _live_orders(connection))
                await insert(connection, _of_forms(rows, matcher))
        return len(rows)


async def _live_orders(connection: Any) -> list[StandingOrder]:
    rows = await connection.fetch(f"SELECT * FROM standing_order WHERE {LIVE}")
    return [order_of(row) for row in rows]


def _of_batches(rows: Iterable[Any], matcher: Matcher) -> list[NewDelivery]:
    new: list[NewDelivery] = []
    for row in rows:
        if row["payload"] is None:  # in the archive: a year old, which is no news to anyone
            _log.warning("batch %s-%s was archived unsent", row["series"], row["first_serial"])
            continue
        batch = unpack(row)
        for serial in _watched(batch, matcher):
            new += matcher.of_invoice(batch.invoice(serial))
    return new


def _watched(batch: Unpacked, matcher: Matcher) -> Iterable[int]:
    """Serials in order, so each chunk is unpacked once, and a draft only if somebody cares."""
    for place, serial in enumerate(batch.serials):
        stored = batch.stored[place]
        if not stored.is_erased and matcher.is_watched(stored.seller):
            yield serial


def _of_forms(rows: Iterable[Any], matcher: Matcher) -> list[NewDelivery]:
    new: list[NewDelivery] = []
    for row in rows:
        then = {"state": row["then_state"], "changed_at": row["happened_at"]}
        new += matcher.of_form(msgspec.structs.replace(form_of(row), **then))
    return new
