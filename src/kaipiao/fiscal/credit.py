"""Credit lines (授信额度): how much a seller may still issue this month."""

import msgspec

from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.month import TaxMonth


class CreditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One seller's line for one tax month.

    ``drawn_fen`` is the exact sum of the net amounts issued in the month, red letters
    included, so reversing last month's invoices may leave it below zero.
    """

    seller: str
    month: TaxMonth
    limit_fen: Fen
    drawn_fen: Fen
    leased_fen: Fen = Fen(0)

    @property
    def left_fen(self) -> Fen:
        return Fen(self.limit_fen - self.drawn_fen - self.leased_fen)
