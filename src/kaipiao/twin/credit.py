"""Credit lines in memory: implements ports.CreditBook, and what a commit does to a line."""

import msgspec

from kaipiao.errors import CreditLineExhausted, CreditLineMissing, Refusal
from kaipiao.fiscal.credit import CreditLine
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.month import TaxMonth
from kaipiao.twin.wire import Wire


class CreditTable:
    def __init__(self) -> None:
        self.standing: dict[str, int] = {}
        self.lines: dict[tuple[str, TaxMonth], CreditLine] = {}

    def line(self, seller: str, month: TaxMonth) -> CreditLine | None:
        """The month's line, opened from the standing limit if it has to be."""
        if (seller, month) not in self.lines and seller in self.standing:
            self._set_limit(seller, month, self.standing[seller])
        return self.lines.get((seller, month))

    def grant(self, seller: str, limit_fen: int, month: TaxMonth) -> CreditLine:
        line = self._set_limit(seller, month, limit_fen)
        self.standing[seller] = limit_fen
        return line

    def adjust(self, seller: str, limit_fen: int, month: TaxMonth) -> CreditLine:
        if (seller, month) not in self.lines:
            raise CreditLineMissing(seller=seller)
        return self._set_limit(seller, month, limit_fen)

    def roll(self, month: TaxMonth) -> int:
        missing = [seller for seller in self.standing if (seller, month) not in self.lines]
        for seller in missing:
            self._set_limit(seller, month, self.standing[seller])
        return len(missing)

    def open_empty(self, seller: str, month: TaxMonth) -> CreditLine:
        """The month's line, of nothing if it has to be: so that there is something to give to."""
        return self.line(seller, month) or self._set_limit(seller, month, 0)

    def objection(self, seller: str, draws_fen: int, month: TaxMonth) -> Refusal | None:
        """Why so much cannot be drawn; giving back is always possible."""
        line = self.line(seller, month)
        if draws_fen < 0:
            return None
        if line is None:
            return CreditLineMissing(seller=seller)
        if draws_fen > line.left_fen:
            return CreditLineExhausted(asked_fen=draws_fen, left_fen=line.left_fen)
        return None

    def draw(self, seller: str, draws_fen: int, month: TaxMonth) -> None:
        """Draw, or give back if negative: what ``objection`` has let pass."""
        line = self.open_empty(seller, month)
        drawn_fen = Fen(line.drawn_fen + draws_fen)
        self.lines[seller, month] = msgspec.structs.replace(line, drawn_fen=drawn_fen)

    def _set_limit(self, seller: str, month: TaxMonth, limit_fen: int) -> CreditLine:
        nothing = CreditLine(seller=seller, month=month, limit_fen=Fen(0), drawn_fen=Fen(0))
        line = self.lines.get((seller, month), nothing)
        bound_fen = line.drawn_fen + line.leased_fen
        if bound_fen > limit_fen:
            raise CreditLineExhausted(asked_fen=bound_fen, left_fen=limit_fen)
        line = msgspec.structs.replace(line, limit_fen=Fen(limit_fen))
        self.lines[seller, month] = line
        return line


class MemoryCredit:
    def __init__(self, table: CreditTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def grant(self, seller: str, limit_fen: int, *, month: TaxMonth) -> CreditLine:
        return await self._wire.ask("grant", lambda: self._table.grant(seller, limit_fen, month))

    async def adjust(self, seller: str, limit_fen: int, *, month: TaxMonth) -> CreditLine:
        return await self._wire.ask("adjust", lambda: self._table.adjust(seller, limit_fen, month))

    async def line(self, seller: str, *, month: TaxMonth) -> CreditLine | None:
        return await self._wire.ask("credit line", lambda: self._table.line(seller, month))

    async def roll(self, month: TaxMonth) -> int:
        return await self._wire.ask("roll", lambda: self._table.roll(month))
