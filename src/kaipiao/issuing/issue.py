"""Issue an invoice (开票).

The order of the steps is the safety argument, so it is written down once, here:

1. check    pure; a refusal leaves no trace
2. record   one transaction: number, credit, invoice, evidence leaf, outbox
3. answer   only after 2 is durable

A crash before 2 issued nothing.  A crash after 2 issued exactly one invoice, and the caller's
retry, with the same key, finds it.  There is no third case.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple, Protocol

from kaipiao.base.canonical import canonical, digest
from kaipiao.errors import Outage, Refusal, RulesBroken
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt, totals_of
from kaipiao.fiscal.month import beijing_day
from kaipiao.fiscal.settle import settle
from kaipiao.fiscal.violation import Violation, errors_of
from kaipiao.ports import Clock, Entry, Ledger, Outcome, Tell


class Law(Protocol):
    def __call__(self, draft: Draft, *, on: date) -> list[Violation]:
        """Every objection to ``draft`` on that Beijing day."""
        ...


class Ask(NamedTuple):
    """One of a crowd.  ``payload``, if the caller has it, is the draft's canonical bytes."""

    key: IdempotencyKey
    draft: Draft
    payload: bytes | None = None


class Issuing:
    """Issues originals, one or a crowd at a time."""

    def __init__(self, *, ledger: Ledger, clock: Clock, law: Law) -> None:
        self._ledger = ledger
        self._clock = clock
        self._law = law

    async def issue(self, draft: Draft, *, key: IdempotencyKey) -> Receipt:
        """Issue one invoice, or return the receipt it already has.

        Raises:
            RulesBroken, KeyReused, CreditLineExhausted, CreditLineMissing: nothing was issued.
            Outage: unknown; ask again with the same key.
        """
        if objections := self._objections(draft, self._today()):
            return await self._recall_or_refuse(draft, key, objections)
        return await self._ledger.record(compose_entry(draft, key))

    def enter(self, draft: Draft, *, key: IdempotencyKey, payload: bytes, tell: Tell) -> bool:
        """As ``issue``, without a coroutine.  ``payload`` is the draft's canonical bytes.

        False: the law objects, and nothing was done; ``issue`` says what there is to say.
        """
        if self._objections(draft, self._today()):
            return False
        self._ledger.enter(compose_entry(draft, key, payload), tell)
        return True

    async def issue_all(self, asks: Sequence[Ask]) -> list[Outcome]:
        """Issue a crowd.  Outcomes stand in the order of ``asks``; no ask fails its neighbours."""
        today = self._today()
        outcomes: dict[int, Outcome] = {}
        entries: list[Entry] = []
        for place, (key, draft, payload) in enumerate(asks):
            if objections := self._objections(draft, today):
                outcomes[place] = await self._outcome_of_recall(draft, key, objections)
            else:
                entries.append(compose_entry(draft, key, payload))
        recorded = iter(await self._ledger.record_all(entries) if entries else ())
        return [outcomes[n] if n in outcomes else next(recorded) for n in range(len(asks))]

    def check(self, draft: Draft) -> list[Violation]:
        """Every objection to ``draft`` as of today, warnings left out; nothing is issued."""
        return self._objections(draft, self._today())

    def _today(self) -> date:
        return beijing_day(self._clock.now())

    def _objections(self, draft: Draft, today: date) -> list[Violation]:
        violations = self._law(draft, on=today)
        return errors_of(violations) if violations else violations

    async def _recall_or_refuse(
        self, draft: Draft, key: IdempotencyKey, objections: list[Violation]
    ) -> Receipt:
        # The law may have changed since the first time we were asked, and a yes stands:
        # before refusing, look whether we have already given it.
        asked = digest(canonical(draft))
        if receipt := await self._ledger.recall(draft.seller.taxpayer_id, key, asked=asked):
            return receipt
        raise RulesBroken(objections)

    async def _outcome_of_recall(
        self, draft: Draft, key: IdempotencyKey, objections: list[Violation]
    ) -> Outcome:
        try:
            return await self._recall_or_refuse(draft, key, objections)
        except (Refusal, Outage) as answer:
            return answer


def compose_entry(draft: Draft, key: IdempotencyKey, payload: bytes | None = None) -> Entry:
    """A checked draft as the ledger takes it.  Its canonical bytes are made once."""
    payload = payload or canonical(draft)
    content = digest(payload)
    lines = settle(draft)
    totals = totals_of(lines)
    return Entry(
        seller=draft.seller.taxpayer_id,
        key=key,
        asked=content,
        payload=payload,
        digest=content,
        lines=lines,
        totals=totals,
        draws_fen=totals.net_fen,
    )
