"""Confirmation forms (红字确认单): open, answer, withdraw, lapse.

A form's id is a digest of who opened it and under which key, so a retry names the same form.
Every change is a comparison and a swap: of two who act at once, one wins and the other is
told what state the form is in now.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.errors import ConfirmationRefused, NoSuchConfirmation, NoSuchInvoice
from kaipiao.fiscal.confirmation import (
    Action,
    Confirmation,
    Side,
    Use,
    allowed,
    at_instant,
    opening_state,
)
from kaipiao.fiscal.invoice import IdempotencyKey
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import ReversalAsk
from kaipiao.issuing.reverse import RedLetterCall, Reversing
from kaipiao.ports import Clock, Confirmations, Uses

FORM_ID_DIGITS = 20


class Confirming:
    """Runs the forms between seller and buyer."""

    def __init__(
        self,
        *,
        reversing: Reversing,
        uses: Uses,
        confirmations: Confirmations,
        clock: Clock,
        answer_within: Callable[[date], timedelta],
    ) -> None:
        self._answer_within = answer_within
        self._reversing = reversing
        self._uses = uses
        self._confirmations = confirmations
        self._clock = clock

    async def open(
        self, number: InvoiceNumber, ask: ReversalAsk, *, by: Side, key: IdempotencyKey
    ) -> Confirmation:
        """Open a form against ``number``, or return the one this key already opened.

        Raises:
            NoSuchInvoice, RulesBroken, KeyReused: no form was opened.
        """
        original = await self._reversing.original(number)
        seller, buyer = original.draft.seller.taxpayer_id, original.draft.buyer.taxpayer_id
        form_id = form_id_of(seller if by == "seller" else buyer, key)
        if await self._confirmations.read(form_id) is None:
            await self._reversing.check(original, ask)
        now = self._clock.now()
        form = Confirmation(
            form_id=form_id,
            original=number,
            seller=seller,
            buyer=buyer,
            started_by=by,
            ask=ask,
            state=opening_state(by, used=bool(await self._uses.uses(number))),
            opened_at=now,
            lapses_at=now + self._answer_within(beijing_day(now)),
            changed_at=now,
        )
        asked = digest(canonical(RedLetterCall(number, ask, form_id)))
        return at_instant(await self._confirmations.open(form, key=key, asked=asked), now)

    async def read(self, form_id: str) -> Confirmation:
        """The form as it stands now.

        Raises:
            NoSuchConfirmation: there is none.
        """
        if form := await self._confirmations.read(form_id):
            return at_instant(form, self._clock.now())
        raise NoSuchConfirmation

    async def of_taxpayer(
        self, taxpayer: str, *, after: str = "", limit: int = 100
    ) -> Sequence[Confirmation]:
        now = self._clock.now()
        forms = await self._confirmations.of_taxpayer(taxpayer, after=after, limit=limit)
        return [at_instant(form, now) for form in forms]

    async def act(self, form_id: str, action: Action, *, side: Side | None) -> Confirmation:
        """Confirm, deny or withdraw as ``side``; flag as the operator (None).

        Doing again what is already done answers with the form as it stands.

        Raises:
            NoSuchConfirmation: there is no such form.
            ConfirmationRefused: not from this state, or not by this side.
        """
        stored = await self._confirmations.read(form_id)
        if stored is None:
            raise NoSuchConfirmation
        now = self._clock.now()
        form = at_instant(stored, now)
        possible = allowed(form, side)
        if action not in possible:
            if _is_done(form, action, side):
                return form
            raise ConfirmationRefused(
                state=form.state, action=action, allowed=", ".join(possible) or "-"
            )
        after = msgspec.structs.replace(form, state=possible[action], changed_at=now)
        if await self._confirmations.advance(stored, after):
            return after
        return await self.act(form_id, action, side=side)  # someone was faster: look again

    async def note_use(self, number: InvoiceNumber, use: Use) -> frozenset[Use]:
        """Record that the buyer used or booked an invoice; a repeat changes nothing."""
        original = await self._reversing.original(number)
        if original.draft.reversal is not None:
            raise NoSuchInvoice
        await self._uses.note_use(number, use, at=self._clock.now())
        return await self._uses.uses(number)

    async def uses(self, number: InvoiceNumber) -> frozenset[Use]:
        """What the buyer did with an invoice."""
        return await self._uses.uses(number)

    async def lapse(self) -> int:
        """Write down the forms whose time has passed; reading does not wait for this."""
        now: datetime = self._clock.now()
        return await self._confirmations.lapse(now)


def form_id_of(starter: str, key: IdempotencyKey) -> str:
    """Twenty digits that only this starter and key lead to."""
    seed = hashlib.sha256(f"{starter}\0{key}".encode()).digest()
    return str(int.from_bytes(seed[:12], "big"))[-FORM_ID_DIGITS:].zfill(FORM_ID_DIGITS)


def _is_done(form: Confirmation, action: Action, side: Side | None) -> bool:
    """Whether the form already stands where ``action`` would have led."""
    if action == "confirm":
        return form.state == "04" and side is not None and side != form.started_by
    if action == "deny":
        return form.state == ("05" if side == "buyer" else "06")
    if action == "withdraw":
        return form.state in ("08", "09") and side == form.started_by
    return form.state == "10" and side is None
