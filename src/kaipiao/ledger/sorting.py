"""Sorting out a batch that PostgreSQL refused: who is at fault, and what each one hears.

The hot statement only says *that* something does not fit.  Here it is asked *what*, with as
many round trips as that takes: trouble is rare, and neighbours are tried again without it.
"""

from collections.abc import Sequence
from datetime import datetime

from kaipiao.errors import (
    ConfirmationNeeded,
    ConfirmationRefused,
    CreditLineExhausted,
    CreditLineMissing,
    Outage,
    Refusal,
    RulesBroken,
)
from kaipiao.fiscal.month import TaxMonth, tax_month
from kaipiao.fiscal.red_letter import exceeds
from kaipiao.ledger.batch import KeyId
from kaipiao.ledger.credit import Credit
from kaipiao.ledger.reads import Reads
from kaipiao.ledger.recent import Given
from kaipiao.ledger.troubles import RedTrouble, Unavailable

Draw = tuple[str, int]
"""A seller, and the fen that one invoice draws on its line."""


class Sorter:
    def __init__(self, reads: Reads, credit: Credit) -> None:
        self._reads = reads
        self._credit = credit

    async def given(self, keys: Sequence[KeyId]) -> dict[KeyId, Given]:
        try:
            return await self._reads.given(keys)
        except Outage as outage:
            raise Unavailable(str(outage)) from outage

    async def poor(self, draws: Sequence[Draw], now: datetime) -> dict[int, Refusal]:
        """The places in ``draws`` that do not fit, first come first served.

        A line that the month has not opened yet is opened here, from the standing limit.
        """
        month = tax_month(now)
        try:
            left = await self._lefts(draws, month)
        except Outage as outage:
            raise Unavailable(str(outage)) from outage
        refusals: dict[int, Refusal] = {}
        for place, (seller, asked_fen) in enumerate(draws):
            if seller not in left:
                refusals[place] = CreditLineMissing(seller=seller)
            elif asked_fen > left[seller]:
                refusals[place] = CreditLineExhausted(asked_fen=asked_fen, left_fen=left[seller])
            else:
                left[seller] -= asked_fen
        return refusals

    async def _lefts(self, draws: Sequence[Draw], month: TaxMonth) -> dict[str, int]:
        """What is left by seller.  A red letter needs no limit to give back into."""
        gives_back = {seller for seller, fen in draws if fen < 0}
        await self._credit.open_lines(sorted({seller for seller, _ in draws}), month)
        await self._credit.open_empty_lines(sorted(gives_back), month)
        return await self._credit.lefts({seller for seller, _ in draws}, month)

    def red_refusal(self, trouble: RedTrouble) -> Refusal:
        """What the one red letter at fault hears."""
        if trouble.why == "used":
            return ConfirmationNeeded()
        if trouble.why == "not-agreed":
            return ConfirmationRefused(state="-", action="reverse", allowed="-")
        return RulesBroken([exceeds("/lines", 0)])
