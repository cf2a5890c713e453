"""Credit lines (授信额度): grant, adjust, open a month, read.  Drawing is the commit's."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from kaipiao.errors import CreditLineExhausted, CreditLineMissing
from kaipiao.fiscal.credit import CreditLine
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.month import TaxMonth
from kaipiao.ledger.pool import Pool


class Credit:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def grant(self, seller: str, limit_fen: int, *, month: TaxMonth) -> CreditLine:
        """Set the standing limit and this month's.  Raises CreditLineExhausted."""
        async with self._limiting(seller, limit_fen, month) as connection:
            await connection.execute(
                "INSERT INTO credit_standing (seller, limit_fen) VALUES ($1, $2)"
                " ON CONFLICT (seller) DO UPDATE SET limit_fen = excluded.limit_fen",
                seller,
                limit_fen,
            )
            row = await connection.fetchrow(
                "INSERT INTO credit_line (seller, month, limit_fen) VALUES ($1, $2, $3)"
                " ON CONFLICT (seller, month) DO UPDATE SET limit_fen = excluded.limit_fen"
                " RETURNING *",
                seller,
                month,
                limit_fen,
            )
            return _line(row)

    async def adjust(self, seller: str, limit_fen: int, *, month: TaxMonth) -> CreditLine:
        """Set one month's limit.  Raises CreditLineExhausted, CreditLineMissing."""
        async with self._limiting(seller, limit_fen, month) as connection:
            row = await connection.fetchrow(
                "UPDATE credit_line SET limit_fen = $3 WHERE seller = $1 AND month = $2"
                " RETURNING *",
                seller,
                month,
                limit_fen,
            )
        if row is None:
            raise CreditLineMissing(seller=seller)
        return _line(row)

    async def line(self, seller: str, *, month: TaxMonth) -> CreditLine | None:
        await self.open_lines([seller], month)
        row = await self._pool.fetchrow(
            "SELECT * FROM credit_line WHERE seller = $1 AND month = $2", seller, month
        )
        return _line(row) if row else None

    async def roll(self, month: TaxMonth) -> int:
        return await self._pool.execute(
            "INSERT INTO credit_line (seller, month, limit_fen)"
            " SELECT seller, $1, limit_fen FROM credit_standing"
            " ON CONFLICT (seller, month) DO NOTHING",
            month,
        )

    async def open_lines(self, sellers: Sequence[str], month: TaxMonth) -> None:
        """Open the month for sellers with a standing limit; others stay without."""
        await self._pool.execute(
            "INSERT INTO credit_line (seller, month, limit_fen)"
            " SELECT seller, $2, limit_fen FROM credit_standing WHERE seller = ANY($1::text[])"
            " ORDER BY seller ON CONFLICT (seller, month) DO NOTHING",
            list(sellers),
            month,
        )

    async def open_empty_lines(self, sellers: Sequence[str], month: TaxMonth) -> None:
        """A line of nothing, so that a red letter has something to give back into."""
        await self._pool.execute(
            "INSERT INTO credit_line (seller, month, limit_fen)"
            " SELECT seller, $2, 0 FROM unnest($1::text[]) AS seller"
            " ORDER BY seller ON CONFLICT (seller, month) DO NOTHING",
            list(sellers),
            month,
        )

    async def lefts(self, sellers: Iterable[str], month: TaxMonth) -> dict[str, int]:
        rows = await self._pool.fetch(
            "SELECT seller, limit_fen - drawn_fen - leased_fen AS left_fen FROM credit_line"
            " WHERE month = $2 AND seller = ANY($1::text[])",
            list(sellers),
            month,
        )
        return {row["seller"]: row["left_fen"] for row in rows}

    @asynccontextmanager
    async def _limiting(self, seller: str, limit_fen: int, month: TaxMonth) -> AsyncIterator[Any]:
        """A transaction in which a limit below what is drawn becomes a refusal."""
        try:
            async with self._pool.transaction() as connection:
                yield connection
        except asyncpg.CheckViolationError as violation:
            row = await self._pool.fetchrow(
                "SELECT drawn_fen + leased_fen AS bound_fen FROM credit_line"
                " WHERE seller = $1 AND month = $2",
                seller,
                month,
            )
            bound_fen = row["bound_fen"] if row else 0
            raise CreditLineExhausted(asked_fen=bound_fen, left_fen=limit_fen) from violation


def _line(row: Any) -> CreditLine:
    return CreditLine(
        seller=row["seller"],
        month=TaxMonth(row["month"]),
        limit_fen=Fen(row["limit_fen"]),
        drawn_fen=Fen(row["drawn_fen"]),
        leased_fen=Fen(row["leased_fen"]),
    )
