"""Reverse an invoice (冲红).

1. recall   a repeat gets the first red letter, whatever was taken back since
2. read     the original, and what red letters have taken so far
3. agree    an original that the buyer used needs a form confirmed by both sides
4. plan     pure: which lines, how much, how much tax goes with it
5. check    the red letter is itself an invoice, and must be a lawful one
6. record   one transaction that checks 3 and 4 again under its own locks

Between 2 and 6 others may be faster.  The ledger then refuses, and nothing was issued; unless
the other was an earlier attempt of this call, which whoever is refused looks for once more.
"""

import msgspec

from kaipiao.base.canonical import Digest, canonical, digest
from kaipiao.errors import (
    ConfirmationNeeded,
    ConfirmationRefused,
    NoSuchConfirmation,
    NoSuchInvoice,
    RulesBroken,
)
from kaipiao.fiscal.confirmation import AGREED, Confirmation, at_instant
from kaipiao.fiscal.draft import Draft, Reversal
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice, Receipt, flatten, totals_of
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import (
    LineTaken,
    ReversalAsk,
    TakenBack,
    check_ask,
    held_by_line,
    left_by_line,
    red_line,
    take,
)
from kaipiao.fiscal.violation import errors_of
from kaipiao.issuing.issue import Law
from kaipiao.ports import Clock, Confirmations, Entry, Ledger, Uses


class RedLetterCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a repeat must match: the call as it was made, not the red letter it led to."""

    original: str
    ask: ReversalAsk
    confirmation: str = ""


class Reversing:
    """Issues red letters."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        uses: Uses,
        confirmations: Confirmations,
        clock: Clock,
        law: Law,
    ) -> None:
        self._law = law
        self._ledger = ledger
        self._uses = uses
        self._confirmations = confirmations
        self._clock = clock

    async def reverse(
        self,
        number: InvoiceNumber,
        ask: ReversalAsk,
        *,
        key: IdempotencyKey,
        confirmation: str = "",
    ) -> Receipt:
        """Issue a red letter against ``number``, or return the receipt it already has.

        With ``confirmation`` the form's own ask is what is taken back; ``ask`` must equal it.

        Raises:
            NoSuchInvoice, NoSuchConfirmation, ConfirmationNeeded, ConfirmationRefused,
            RulesBroken, KeyReused: nothing was issued.
            Outage: unknown; ask again with the same key.
        """
        original = await self.original(number)
        call = RedLetterCall(number, ask, confirmation)
        asked = digest(canonical(call))
        seller = original.draft.seller.taxpayer_id
        if receipt := await self._ledger.recall(seller, key, asked=asked):
            return receipt
        try:
            return await self._record(original, call, key=key, asked=asked)
        except (ConfirmationNeeded, ConfirmationRefused, RulesBroken):
            # What stands in the way may be this very call: an attempt whose commit had to wait for
            # a standby shows itself between step 1 and the steps that object.
            if receipt := await self._ledger.recall(seller, key, asked=asked):
                return receipt
            raise

    async def _record(
        self, original: Invoice, call: RedLetterCall, *, key: IdempotencyKey, asked: Digest
    ) -> Receipt:
        agreed = await self._agreement(original, call.ask, call.confirmation)
        taken = await self._plan(original, call.ask, agreed=agreed)
        draft = compose_red_draft(original, call.ask, taken.lines, call.confirmation)
        if objections := errors_of(self._law(draft, on=beijing_day(self._clock.now()))):
            raise RulesBroken(objections)
        return await self._ledger.record(compose_red_entry(draft, taken, key=key, asked=asked))

    async def original(self, number: InvoiceNumber) -> Invoice:
        """The invoice to reverse.

        Raises:
            NoSuchInvoice: there is none.
        """
        if invoice := await self._ledger.read(number):
            return invoice
        raise NoSuchInvoice

    async def check(self, original: Invoice, ask: ReversalAsk) -> None:
        """Raise RulesBroken with every objection to ``ask``; for forms, before they are opened."""
        await self._plan(original, ask, agreed=False)

    async def _agreement(self, original: Invoice, ask: ReversalAsk, form_id: str) -> bool:
        """Whether both sides agreed; raises if they must and did not."""
        form = await self._form(original, ask, form_id) if form_id else None
        if form is not None and form.state == "04":
            return True
        if await self._uses.uses(original.number):
            raise ConfirmationNeeded
        return False

    async def _form(self, original: Invoice, ask: ReversalAsk, form_id: str) -> Confirmation:
        stored = await self._confirmations.read(form_id)
        if stored is None or stored.original != original.number or stored.ask != ask:
            raise NoSuchConfirmation
        form = at_instant(stored, self._clock.now())
        if form.state not in AGREED or form.red_letter:
            raise ConfirmationRefused(state=form.state, action="reverse", allowed="")
        return form

    async def _plan(self, original: Invoice, ask: ReversalAsk, *, agreed: bool) -> TakenBack:
        held = held_by_line(original.draft, original.lines)
        left = left_by_line(held, await self._ledger.taken_back(original.number))
        if objections := check_ask(ask, original.draft, left):
            raise RulesBroken(objections)
        return TakenBack(original.number, take(ask, held, left), agreed)


def compose_red_entry(
    draft: Draft, taken: TakenBack, *, key: IdempotencyKey, asked: Digest
) -> Entry:
    """The red letter as the ledger takes it; it gives back what the original drew."""
    assert draft.reversal is not None
    payload = canonical(draft)
    lines = tuple(Amounts(Fen(-line.net_fen), Fen(-line.tax_fen)) for line in taken.lines)
    totals = totals_of(lines)
    return Entry(
        seller=draft.seller.taxpayer_id,
        key=key,
        asked=asked,
        payload=payload,
        digest=digest(payload),
        amounts=flatten(lines),
        totals=totals,
        draws_fen=totals.net_fen,
        taken_back=taken,
        confirmation=draft.reversal.confirmation,
    )


def compose_red_draft(
    original: Invoice, ask: ReversalAsk, taken: tuple[LineTaken, ...], form_id: str
) -> Draft:
    """The red letter's own content.  Rates are the original's, even if no longer in force."""
    named = f"被红冲蓝字发票号码: {original.number}"
    form = f" 红字确认单编号: {form_id}" if form_id else ""
    own = f" {ask.remark}" if ask.remark else ""
    return msgspec.structs.replace(
        original.draft,
        lines=tuple(red_line(original.draft, line) for line in taken),
        issuer=ask.issuer or original.draft.issuer,
        remark=f"{named}{form}{own}",
        reversal=Reversal(
            original=original.number,
            reason=ask.reason,
            lines=tuple(line.line for line in taken),
            confirmation=form_id,
        ),
    )
