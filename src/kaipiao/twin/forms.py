"""Confirmation forms in memory: implements ports.Confirmations."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kaipiao.base.canonical import Digest
from kaipiao.errors import ConfirmationRefused, KeyReused, Refusal
from kaipiao.fiscal.confirmation import AGREED, WAITING, Confirmation
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.twin.wire import Wire


class FormTable:
    def __init__(self) -> None:
        self.forms: dict[str, Confirmation] = {}
        self._asked: dict[str, Digest] = {}

    def open(self, form: Confirmation, key: IdempotencyKey, asked: Digest) -> Confirmation:
        first = self.forms.setdefault(form.form_id, form)
        if self._asked.setdefault(form.form_id, asked) != asked:
            raise KeyReused(key=key)
        return first

    def of_taxpayer(self, taxpayer: str, after: str, limit: int) -> list[Confirmation]:
        theirs = [
            form
            for form_id, form in sorted(self.forms.items())
            if taxpayer in (form.seller, form.buyer) and form_id > after
        ]
        return theirs[:limit]

    def advance(self, before: Confirmation, after: Confirmation) -> bool:
        stored = self.forms.get(before.form_id)
        if stored is None or (stored.state, stored.red_letter) != (before.state, before.red_letter):
            return False
        self.forms[before.form_id] = msgspec.structs.replace(
            stored, state=after.state, changed_at=after.changed_at
        )
        return True

    def lapse(self, now: datetime) -> int:
        late = [
            form for form in self.forms.values() if form.state in WAITING and form.lapses_at <= now
        ]
        for form in late:
            self.forms[form.form_id] = msgspec.structs.replace(
                form, state="07", changed_at=form.lapses_at
            )
        return len(late)

    def objection(self, form_id: str) -> Refusal | None:
        """Why a red letter cannot spend this form."""
        form = self.forms.get(form_id)
        if form is not None and form.state in AGREED and not form.red_letter:
            return None
        return ConfirmationRefused(state="-", action="reverse", allowed="-")

    def spend(self, form_id: str, red_letter: str) -> None:
        form = self.forms[form_id]
        self.forms[form_id] = msgspec.structs.replace(form, red_letter=red_letter)


class MemoryForms:
    def __init__(self, table: FormTable, wire: Wire) -> None:
        self._table = table
        self._wire = wire

    async def open(self, form: Confirmation, *, key: IdempotencyKey, asked: Digest) -> Confirmation:
        return await self._wire.ask("open form", lambda: self._table.open(form, key, asked))

    async def read(self, form_id: str) -> Confirmation | None:
        return await self._wire.ask("read form", lambda: self._table.forms.get(form_id))

    async def of_taxpayer(self, taxpayer: str, *, after: str, limit: int) -> Sequence[Confirmation]:
        return await self._wire.ask(
            "forms", lambda: self._table.of_taxpayer(taxpayer, after, limit)
        )

    async def advance(self, before: Confirmation, after: Confirmation) -> bool:
        return await self._wire.ask("advance form", lambda: self._table.advance(before, after))

    async def lapse(self, now: datetime) -> int:
        return await self._wire.ask("lapse", lambda: self._table.lapse(now))
