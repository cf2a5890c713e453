"""Confirmation forms and what buyers did with invoices."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from kaipiao.base.canonical import Digest, canonical
from kaipiao.errors import KeyReused
from kaipiao.fiscal.confirmation import Confirmation, Use
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.number import InvoiceNumber, split_number
from kaipiao.fiscal.red_letter import ReversalAsk
from kaipiao.ledger.pool import Pool

_decode_ask = msgspec.json.Decoder(ReversalAsk).decode
FORM = """form_id, original, seller, buyer, started_by, ask, state, opened_at, lapses_at,
           changed_at, red_letter"""


class Forms:
    """Implements ports.Confirmations."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, form: Confirmation, *, key: IdempotencyKey, asked: Digest) -> Confirmation:
        """Store ``form``, or return the one that was opened under this key.  Raises KeyReused."""
        await self._pool.execute(
            f"INSERT INTO confirmation ({FORM}, asked)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            " ON CONFLICT (form_id) DO NOTHING",
            form.form_id,
            form.original,
            form.seller,
            form.buyer,
            form.started_by,
            canonical(form.ask),
            form.state,
            form.opened_at,
            form.lapses_at,
            form.changed_at,
            form.red_letter,
            asked,
        )
        row = await self._pool.fetchrow(
            f"SELECT {FORM}, asked FROM confirmation WHERE form_id = $1", form.form_id
        )
        if row["asked"] != asked:
            raise KeyReused(key=key)
        return form_of(row)

    async def read(self, form_id: str) -> Confirmation | None:
        row = await self._pool.fetchrow(
            f"SELECT {FORM} FROM confirmation WHERE form_id = $1", form_id
        )
        return form_of(row) if row else None

    async def of_taxpayer(self, taxpayer: str, *, after: str, limit: int) -> Sequence[Confirmation]:
        rows = await self._pool.fetch(
            f"SELECT {FORM} FROM confirmation"
            " WHERE (seller = $1 OR buyer = $1) AND form_id > $2 ORDER BY form_id LIMIT $3",
            taxpayer,
            after,
            limit,
        )
        return [form_of(row) for row in rows]

    async def advance(self, before: Confirmation, after: Confirmation) -> bool:
        changed = await self._pool.execute(
            "UPDATE confirmation SET state = $2, changed_at = $3"
            " WHERE form_id = $1 AND state = $4 AND red_letter = $5",
            before.form_id,
            after.state,
            after.changed_at,
            before.state,
            before.red_letter,
        )
        return changed == 1

    async def lapse(self, now: datetime) -> int:
        return await self._pool.execute(
            "UPDATE confirmation SET state = '07', changed_at = lapses_at"
            " WHERE state IN ('02', '03') AND lapses_at <= $1",
            now,
        )


class InvoiceUses:
    """Implements ports.Uses.  The row is the one that an unagreed red letter must lock."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def note_use(self, number: InvoiceNumber, use: Use, *, at: datetime) -> None:
        column = {"deducted": "deducted_at", "booked": "booked_at"}[use]
        await self._pool.execute(
            f"INSERT INTO original_state AS o (series, serial, {column}) VALUES ($1, $2, $3)"
            f" ON CONFLICT (series, serial)"
            f" DO UPDATE SET {column} = coalesce(o.{column}, excluded.{column})",
            *split_number(number),
            at,
        )

    async def uses(self, number: InvoiceNumber) -> frozenset[Use]:
        row = await self._pool.fetchrow(
            "SELECT deducted_at, booked_at FROM original_state WHERE series = $1 AND serial = $2",
            *split_number(number),
        )
        noted: set[Use] = set()
        if row and row["deducted_at"]:
            noted.add("deducted")
        if row and row["booked_at"]:
            noted.add("booked")
        return frozenset(noted)


def form_of(row: Any) -> Confirmation:
    return Confirmation(
        form_id=row["form_id"],
        original=row["original"],
        seller=row["seller"],
        buyer=row["buyer"],
        started_by=row["started_by"],
        ask=_decode_ask(row["ask"]),
        state=row["state"],
        opened_at=row["opened_at"],
        lapses_at=row["lapses_at"],
        changed_at=row["changed_at"],
        red_letter=row["red_letter"],
    )
