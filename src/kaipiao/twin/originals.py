"""What happened to originals, in memory: uses (ports.Uses), and what red letters took."""

from datetime import datetime

from kaipiao.errors import ConfirmationNeeded, Refusal, RulesBroken
from kaipiao.fiscal.confirmation import Use
from kaipiao.fiscal.invoice import Amounts
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import NOTHING, LineTaken, TakenBack, exceeds
from kaipiao.twin.wire import Wire


class OriginalTable:
    def __init__(self) -> None:
        self.used: dict[str, dict[Use, datetime]] = {}
        self.taken: dict[str, dict[int, Amounts]] = {}
        self.red_letters: dict[str, list[InvoiceNumber]] = {}
        self._held: dict[tuple[str, int], Amounts] = {}  # as the first red letter said

    def note_use(self, number: str, use: Use, at: datetime) -> None:
        self.used.setdefault(number, {}).setdefault(use, at)

    def uses(self, number: str) -> frozenset[Use]:
        return frozenset(self.used.get(number, {}))

    def objection(self, taken: TakenBack) -> Refusal | None:
        """Why a red letter may not take this, whatever the use case above believed."""
        if not all(self._fits(taken.original, line) for line in taken.lines):
            return RulesBroken([exceeds("/lines", 0)])
        if self.uses(taken.original) and not taken.agreed:
            return ConfirmationNeeded()
        return None

    def take(self, taken: TakenBack, red_letter: InvoiceNumber) -> None:
        lines = self.taken.setdefault(taken.original, {})
        for line in taken.lines:
            self._held.setdefault((taken.original, line.line), _of(line))
            lines[line.line] = _more(lines.get(line.line, NOTHING), line)
        self.red_letters.setdefault(taken.original, []).append(red_letter)

    def _fits(self, original: str, line: LineTaken) -> bool:
        held = self._held.get((original, line.line), _of(line))
        after = _more(self.taken.get(original, {}).get(line.line, NOTHING), line)
        return 0 <= after.net_fen <= held.net_fen and 0 <= after.tax_fen <= held.tax_fen


def _of(line: LineTaken) -> Amounts:
    return Amounts(Fen(line.of_net_fen), Fen(line.of_tax_fen))


def _more(taken: Amounts, line: LineTaken) -> Amounts:
    return Amounts(Fen(taken.net_fen + line.net_fen), Fen(taken.tax_fen + line.tax_fen))


class MemoryUses:
    def __init__(self, table: OriginalTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def note_use(self, number: InvoiceNumber, use: Use, *, at: datetime) -> None:
        await self._wire.ask("note use", lambda: self._table.note_use(number, use, at))

    async def uses(self, number: InvoiceNumber) -> frozenset[Use]:
        return await self._wire.ask("uses", lambda: self._table.uses(number))
