"""Sellers, buyers and an operator, who do whatever comes to their minds, many at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

import msgspec

from kaipiao.base.canonical import canonical, digest
from kaipiao.errors import Outage, Refusal
from kaipiao.fiscal.confirmation import Action, Confirmation, Side, Use
from kaipiao.fiscal.draft import Draft, Party
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.month import beijing_day, tax_month
from kaipiao.issuing import issue
from kaipiao.issuing.verify import Question
from kaipiao.twin.book import Ask, Book
from kaipiao.twin.cell import Desk, World
from kaipiao.twin.goods import SELLERS, make_ask, make_sale
from kaipiao.twin.line import Asked, Line

T = TypeVar("T")

TRIES = 3
PAUSES_S = (0.02, 0.1, 0.4)
"""Between two deeds of one person: a crowd, a day at the till, a quiet day."""
LOOKS_BACK = (2, 8, 20)
"""People deal with what happened lately, so they meet each other, more or less often."""


class Sold(msgspec.Struct, frozen=True):
    """An original that somebody heard of."""

    receipt: Receipt
    draft: Draft


class People:
    def __init__(self, world: World, line: Line, book: Book) -> None:
        self._world = world
        self._rng = world.rng
        self._line = line
        self._book = book
        self._sold: list[Sold] = []
        self._drafts: dict[str, Draft] = {}
        self._count = 0
        self._pause_s = world.rng.choice(PAUSES_S)
        self._looks_back = world.rng.choice(LOOKS_BACK)
        self._habits: list[Callable[[], Awaitable[object]]] = [
            *[self._sell] * 6,
            self._sell_a_crowd,
            self._repeat,
            self._repeat,
            self._misuse_a_key,
            *[self._reverse] * 5,
            *[self._open_form] * 3,
            *[self._act] * 4,
            *[self._reverse_by_form] * 4,
            *[self._use] * 3,
            self._limit,
            self._limit,
            self._look,
        ]

    async def live(self, deeds: int) -> None:
        """One person's day; several live at once."""
        for _ in range(deeds):
            await asyncio.sleep(self._rng.expovariate(1 / self._pause_s))
            await self._rng.choice(self._habits)()

    async def _sell(self) -> None:
        await self._issue(self._new_sale())

    async def _sell_a_crowd(self) -> None:
        """A bulk call: outcomes in order, and none fails its neighbours."""
        asks = [self._new_sale() for _ in range(self._rng.randint(2, 15))]
        crowd = [issue.Ask(ask.key, self._drafts[ask.name]) for ask in asks]
        outcomes = await self._try("crowd", lambda desk: desk.issuing.issue_all(crowd))
        for ask, outcome in zip(asks, outcomes or (), strict=False):
            if isinstance(outcome, Receipt):
                self._hear(ask, outcome)

    async def _repeat(self) -> None:
        """Somebody asks again for what was asked lately, perhaps while it is on its way."""
        if self._book.asks:
            await self._issue(self._rng.choice(self._book.asks[-self._looks_back :]))

    async def _misuse_a_key(self) -> None:
        """Another sale under a key of before."""
        if self._book.asks:
            old = self._rng.choice(self._book.asks[-self._looks_back :])
            seller = next(one for one in SELLERS if one.taxpayer_id == old.seller)
            await self._issue(self._new_sale(seller, old.key))

    async def _reverse(self) -> None:
        if sold := self._someones():
            ask = make_ask(self._rng, sold.draft)
            number = sold.receipt.number
            key = self._new_key("red")
            await self._issue(
                self._note(
                    sold,
                    key,
                    lambda desk: desk.reversing.reverse(number, ask, key=key),
                )
            )

    async def _open_form(self) -> None:
        if sold := self._someones():
            ask, number = make_ask(self._rng, sold.draft), sold.receipt.number
            by: Side = self._rng.choice(("seller", "buyer"))
            key = self._new_key("form")
            form = await self._try(
                f"open {key}", lambda desk: desk.confirming.open(number, ask, by=by, key=key)
            )
            if form is not None:
                self._book.hear_form(form)

    async def _act(self) -> None:
        """Either side, or the operator, does something with a form, allowed or not."""
        if form := self._some_form():
            side, action = self._rng.choice(_deeds(form))
            await self._try(
                f"{action} {form.form_id} as {side}",
                lambda desk: desk.confirming.act(form.form_id, action, side=side),
            )

    async def _reverse_by_form(self) -> None:
        form = self._some_form()
        sold = next(
            (one for one in self._sold if form and one.receipt.number == form.original), None
        )
        if form and sold:
            key = self._new_key("red")
            await self._issue(
                self._note(
                    sold,
                    key,
                    lambda desk: desk.reversing.reverse(
                        sold.receipt.number, form.ask, key=key, confirmation=form.form_id
                    ),
                )
            )

    async def _use(self) -> None:
        if sold := self._someones():
            use: Use = self._rng.choice(("deducted", "booked"))
            number = sold.receipt.number
            noted = await self._try(
                f"use {number}", lambda desk: desk.confirming.note_use(number, use)
            )
            if noted is not None:
                self._book.hear_use(number, use)

    async def _limit(self) -> None:
        """The operator grants or adjusts; now and then less than is drawn."""
        seller = self._rng.choice(SELLERS).taxpayer_id
        limit_fen = self._rng.randint(0, 150_000)
        standing = self._rng.random() < 0.5

        async def set_limit(desk: Desk) -> object:
            book, month = desk.store.credit, tax_month(desk.clock.now())
            change = book.grant if standing else book.adjust
            return await change(seller, limit_fen, month=month)

        await self._try(f"limit {seller} {limit_fen}", set_limit)

    async def _look(self) -> None:
        """A buyer verifies an invoice that we sold: it is there, as it was said."""
        if sold := self._someones():
            question = Question(
                number=sold.receipt.number,
                issued_on=beijing_day(sold.receipt.issued_at),
                gross_fen=sold.receipt.totals.gross_fen,
                kind=sold.draft.kind,
            )
            finding = await self._try(
                f"verify {question.number}", lambda desk: desk.verifying.verify(question)
            )
            if finding is not None and finding.answer != "valid":
                self._book.broken.append(f"{question.number} was promised: {finding.answer}")

    def _new_sale(self, seller: Party | None = None, key: IdempotencyKey | None = None) -> Ask:
        self._count += 1
        draft = make_sale(self._rng, seller or self._rng.choice(SELLERS), self._count)
        key = key or IdempotencyKey(f"sale-{self._count}")
        name = f"sale {self._count}"
        ask = Ask(
            name=name,
            seller=draft.seller.taxpayer_id,
            key=key,
            kind="sale",
            work=self._rng.choice(
                (
                    lambda desk: desk.issuing.issue(draft, key=key),
                    lambda desk: desk.enter(draft, key),
                )
            ),
            digest=digest(canonical(draft)),
        )
        self._drafts[name] = draft
        self._book.asks.append(ask)
        return ask

    def _note(self, sold: Sold, key: IdempotencyKey, work: Asked[Receipt]) -> Ask:
        ask = Ask(f"{key}", sold.draft.seller.taxpayer_id, key, "red letter", work)
        self._book.asks.append(ask)
        return ask

    async def _issue(self, ask: Ask) -> None:
        """Ask until there is an answer, or patience is at its end."""
        promised = self._book.promised.get(ask.name)
        receipt = await self._try(
            ask.name, ask.work, lambda no: self._book.hear_no(ask, promised, no)
        )
        if receipt is not None:
            self._hear(ask, receipt)

    def _hear(self, ask: Ask, receipt: Receipt) -> None:
        self._book.hear(ask, receipt)
        if ask.kind == "sale":
            self._sold.append(Sold(receipt, self._drafts[ask.name]))

    async def _try(
        self,
        what: str,
        asked: Asked[T],
        hear_no: Callable[[Refusal], object] = str,
    ) -> T | None:
        for _ in range(self._rng.randint(1, TRIES)):
            try:
                answer = await self._line.call(what, asked)
            except Outage as outage:
                self._world.journal.note(f"{what}: no answer from {outage.dependency}")
            except Refusal as refusal:
                self._world.journal.note(f"{what}: {refusal!r}")
                hear_no(refusal)
                return None
            else:
                self._world.journal.note(f"{what}: {_said(answer)}")
                return answer
        return None

    def _new_key(self, kind: Literal["red", "form"]) -> IdempotencyKey:
        self._count += 1
        return IdempotencyKey(f"{kind}-{self._count}")

    def _someones(self) -> Sold | None:
        return self._rng.choice(self._sold[-self._looks_back :]) if self._sold else None

    def _some_form(self) -> Confirmation | None:
        forms = list(self._book.forms.values())[-self._looks_back :]
        return self._rng.choice(forms) if forms else None


def _deeds(form: Confirmation) -> list[tuple[Side | None, Action]]:
    """Who may come and do what with a form; the more likely the more often it stands here."""
    starter = form.started_by
    other: Side = "buyer" if starter == "seller" else "seller"
    confirm: tuple[Side | None, Action] = (other, "confirm")
    deny: tuple[Side | None, Action] = (other, "deny")
    withdraw: tuple[Side | None, Action] = (starter, "withdraw")
    return [*[confirm] * 5, *[deny] * 2, *[withdraw] * 2, (starter, "confirm"), (None, "flag")]


def _said(answer: object) -> str:
    if isinstance(answer, Receipt):
        return f"{answer.number} {'again ' if answer.replayed else ''}{answer.totals.gross_fen}"
    if isinstance(answer, Confirmation):
        return f"{answer.form_id} {answer.state}"
    if isinstance(answer, list):
        return ", ".join(_said(one) for one in answer)
    return repr(answer) if isinstance(answer, Exception) else type(answer).__name__
