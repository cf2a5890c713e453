"""Issue an invoice (开票).

The order of the steps is the safety argument, so it is written down once, here:

1. check    pure; a refusal leaves no trace
2. record   one transaction: number, credit, invoice, evidence leaf, outbox
3. answer   only after 2 is durable

A crash before 2 issued nothing.  A crash after 2 issued exactly one invoice, and the caller's
retry, with the same key, finds it.  There is no third case.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Protocol

from kaipiao.base.canonical import canonical, digest
from kaipiao.errors import Outage, Refusal, RulesBroken
from kaipiao.fiscal.draft import Draft
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Receipt, flatten, totals_of
from kaipiao.fiscal.month import BEIJING, beijing_day
from kaipiao.fiscal.plain import Passage, Plain
from kaipiao.fiscal.settle import settle
from kaipiao.fiscal.violation import Violation, errors_of
from kaipiao.ports import Clock, Entry, Ledger, Outcome, Tell


class Today:
    """The Beijing day by a clock.  Asked for every invoice, so a day is worked out once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._day = date.min
        self._begins = self._ends = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> date:
        now = self._clock.now()
        if not self._begins <= now < self._ends:  # a new day, or the clock was set
            self._day = beijing_day(now)
            # In UTC like the clock: instants of two zones are slow to compare.
            midnight = datetime.combine(self._day, time.min, BEIJING).astimezone(UTC)
            self._begins, self._ends = midnight, midnight + timedelta(days=1)
        return self._day


class Law(Protocol):
    def __call__(self, draft: Draft, *, on: date) -> list[Violation]:
        """Every objection to ``draft`` on that Beijing day."""
        ...


class Ask(NamedTuple):
    """One of a crowd.  ``payload``, if the caller has it, is the draft's canonical bytes."""

    key: IdempotencyKey
    draft: Draft
    payload: bytes | None = None


PlainAsk = tuple[str, Plain]
"""The same of a draft of which a passage has said all there is to say: a key, and that."""


class Issuing:
    """Issues originals, one or a crowd at a time.

    ``passage`` reads plain drafts by the same law, and may be left out: it is only quicker.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        law: Law,
        passage: Callable[[date], Passage] | None = None,
    ) -> None:
        self._ledger = ledger
        self._law = law
        self._passage_on = passage
        self._today = Today(clock)

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

    @property
    def passage(self) -> Passage | None:
        """Today's."""
        return None if self._passage_on is None else self._passage_on(self._today())

    def enter_plain(self, plain: Plain, *, key: IdempotencyKey, tell: Tell) -> None:
        """As ``enter``, for what today's passage has read."""
        self._ledger.enter(compose_plain_entry(plain, key), tell)

    async def issue_all(self, asks: Sequence[Ask | PlainAsk]) -> list[Outcome]:
        """Issue a crowd.  Outcomes stand in the order of ``asks``; no ask fails its neighbours."""
        today = self._today()
        outcomes: dict[int, Outcome] = {}
        entries: list[Entry] = []
        for place, ask in enumerate(asks):
            if not isinstance(ask, Ask):
                entries.append(compose_plain_entry(ask[1], IdempotencyKey(ask[0])))
            elif objections := self._objections(ask.draft, today):
                outcomes[place] = await self._outcome_of_recall(ask.draft, ask.key, objections)
            else:
                entries.append(compose_entry(ask.draft, ask.key, ask.payload))
        recorded = await self._ledger.record_all(entries) if entries else []
        if not outcomes:
            return recorded
        in_turn = iter(recorded)
        return [outcomes[n] if n in outcomes else next(in_turn) for n in range(len(asks))]

    def check(self, draft: Draft) -> list[Violation]:
        """Every objection to ``draft`` as of today, warnings left out; nothing is issued."""
        return self._objections(draft, self._today())

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
        amounts=flatten(lines),
        totals=totals,
        draws_fen=totals.net_fen,
    )


def compose_plain_entry(plain: Plain, key: IdempotencyKey) -> Entry:
    """The same of what a passage has read."""
    seller, payload, amounts, net_fen, tax_fen = plain
    content = digest(payload)
    return Entry(
        seller=seller,
        key=key,
        asked=content,
        payload=payload,
        digest=content,
        amounts=amounts,
        totals=Amounts(net_fen, tax_fen),  # type: ignore[arg-type]  # a Fen is an int
        draws_fen=net_fen,
    )
