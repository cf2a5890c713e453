"""A storm, a calm, and the promises that must have survived both.

    storm   people sell, reverse, confirm, deny, note uses and change limits, many at once, at
            servers that die, over wires that lose and double; the clocks jump
    calm    nothing breaks any more; everybody asks again for everything, until answered
    judge   every promise, from what was issued

The story of a seed is the same every time: ``meet(17)`` meets it again.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from kaipiao.errors import ConfirmationNeeded, Refusal, RulesBroken
from kaipiao.evidence.recovery import LogBroken
from kaipiao.evidence.writer import LogWriter
from kaipiao.fiscal.invoice import IdempotencyKey, Receipt
from kaipiao.fiscal.month import tax_month
from kaipiao.fiscal.number import InvoiceNumber
from kaipiao.fiscal.red_letter import ReversalAsk
from kaipiao.twin.book import Ask, Book
from kaipiao.twin.bookkeeper import Bookkeeper
from kaipiao.twin.cell import Desk, LogProcess, Parts, Server, World
from kaipiao.twin.faults import weather_of
from kaipiao.twin.goods import SELLERS
from kaipiao.twin.group import open_group
from kaipiao.twin.line import Line
from kaipiao.twin.log_promises import check_leaves, check_log, check_receipts
from kaipiao.twin.loop import NothingWillEverHappen, run_virtually
from kaipiao.twin.people import People
from kaipiao.twin.promises import Watch, check_ledger, check_wholly_reversed
from kaipiao.twin.sabotage import sabotage

SERVERS = 3
PERSONS = 8
DEEDS = 40
SETTLE_S = 300.0
"""After this long in the calm, no message of the storm is on its way any more."""
RESTS = 8
"""Originals of which the rest is taken back at the end."""
ALL = ReversalAsk(reason="02")

BEGINNINGS = (
    datetime(2026, 11, 24, 4, 0, tzinfo=UTC),  # noon in Beijing on a working day
    datetime(2026, 11, 30, 15, 59, 40, tzinfo=UTC),  # December begins in 20 seconds
    datetime(2026, 12, 31, 15, 59, 45, tzinfo=UTC),  # the year
    datetime(2026, 12, 31, 23, 59, 50, tzinfo=UTC),  # the year in Greenwich; no matter here
    datetime(2027, 2, 28, 15, 59, 50, tzinfo=UTC),
)


class Verdict(msgspec.Struct, frozen=True):
    """How a seed went.  ``broken`` is empty, or says which promises did not hold."""

    seed: int
    broken: list[str]
    digest: str  # of the journal
    journal: list[str]
    counts: dict[str, int]


LEDGERS = (Parts(), Parts(store=open_group))
"""Even seeds have the plain ledger in memory, odd ones the real group commit on its tables."""


def meet(seed: int, parts: Parts | None = None) -> Verdict:
    """Live through the storm of one seed."""
    story = _Story(seed, parts or LEDGERS[seed % 2])
    try:
        return story.verdict(run_virtually(story.tell()))
    except NothingWillEverHappen:
        return story.verdict(["everyone waits for ever"])


class _Story:
    def __init__(self, seed: int, parts: Parts) -> None:
        chance = Random(seed)  # noqa: S311 - to be repeated, not to be kept secret
        self._world = World(
            seed, parts=parts, weather=weather_of(chance), began_at=chance.choice(BEGINNINGS)
        )
        self._book = Book()
        self._bookkeepers: list[Bookkeeper] = []
        self._watch = Watch(self._world.memory)
        self._world.after = self._watch.after

    async def tell(self) -> list[str]:
        """Live through it; every promise that was broken."""
        world = self._world
        world.journal.note(f"it is {world.true_clock.now()}; weather {world.weather.chances}")
        await self._storm()
        try:
            rest = await self._calm(world.calm_desk())
        except Exception as defect:  # the core's, and a finding like any other
            return [*self._heard(), f"in the calm: {defect!r}"]
        broken = [*self._heard(), *self._judge(rest)]
        world.journal.note(f"{len(broken)} promises broken")
        return broken

    def verdict(self, broken: list[str]) -> Verdict:
        journal = self._world.journal
        return Verdict(self._world.seed, broken, journal.digest(), journal.lines, self._counts())

    def _heard(self) -> list[str]:
        """What was found wrong while it happened."""
        return [*self._world.defects, *self._book.broken, *self._watch.broken]

    async def _calm(self, desk: Desk) -> list[InvoiceNumber]:
        """Everything comes to its end; the originals of which nothing may be left."""
        await self._ask_again(desk)
        rest = await self._take_back_rests(desk)
        await self._end_of_all_clocks(desk)
        await self._publish(desk)
        for bookkeeper in self._bookkeepers:
            await bookkeeper.finish(desk)
        return rest

    async def _storm(self) -> None:
        world = self._world
        first = world.calm_desk()
        for seller in SELLERS:
            limit_fen = world.rng.randint(20_000, 200_000)
            month = tax_month(first.clock.now())
            await first.store.credit.grant(seller.taxpayer_id, limit_fen, month=month)
        servers = [Server(world, f"server {n}") for n in range(1, SERVERS + 1)]
        log = LogProcess(world, "log")
        line = Line(world, servers)
        people = People(world, line, self._book)
        self._bookkeepers = [Bookkeeper(world, line, one.taxpayer_id) for one in SELLERS]
        others = [sabotage(world, servers, log), *(one.live() for one in self._bookkeepers)]
        tasks = [asyncio.ensure_future(other) for other in others]
        await asyncio.gather(*(people.live(DEEDS) for _ in range(PERSONS)))
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended
        world.calm()
        log.retire()
        await asyncio.sleep(SETTLE_S)
        world.journal.note("calm")

    async def _ask_again(self, desk: Desk) -> None:
        for ask in self._book.asks:
            await self._settle(ask, desk)

    async def _settle(self, ask: Ask, desk: Desk) -> Receipt | Refusal:
        """One ask to its end: in the calm there is always an answer."""
        promised = self._book.promised.get(ask.name)
        try:
            receipt = await ask.work(desk)
        except Refusal as refusal:
            self._world.journal.note(f"{ask.name}: {refusal!r}")
            self._book.hear_no(ask, promised, refusal)
            return refusal
        self._world.journal.note(f"{ask.name}: {receipt.number}")
        self._book.hear(ask, receipt)
        return receipt

    async def _take_back_rests(self, desk: Desk) -> list[InvoiceNumber]:
        """Whatever happened to an original, what is left of it can be taken back to the fen."""
        promised = self._book.promised
        sold = {
            promised[a.name].number
            for a in self._book.asks
            if a.kind == "sale" and a.name in promised
        }
        chosen = self._world.rng.sample(sorted(sold), min(RESTS, len(sold)))
        for number in chosen:
            await self._take_back(number, desk)
        return chosen

    async def _take_back(self, number: InvoiceNumber, desk: Desk) -> None:
        original = await desk.reversing.original(number)
        seller = original.draft.seller.taxpayer_id
        answer = await self._settle(_rest_of(number, seller, "rest", ""), desk)
        if isinstance(answer, ConfirmationNeeded):
            key = IdempotencyKey(f"agree-{number}")
            try:
                form = await desk.confirming.open(number, ALL, by="seller", key=key)
            except RulesBroken:  # nothing is left of it: the judge will see
                return
            await desk.confirming.act(form.form_id, "confirm", side="buyer")
            await self._settle(_rest_of(number, seller, "agreed", form.form_id), desk)

    async def _end_of_all_clocks(self, desk: Desk) -> None:
        """Nobody answers the forms that are left; their time runs out."""
        self._world.pass_time(timedelta(hours=80))
        await desk.confirming.lapse()

    async def _publish(self, desk: Desk) -> None:
        writer = LogWriter(
            order=desk.store.order,
            heads=desk.store.heads,
            disk=self._world.disk,
            signer=self._world.signer,
            clock=desk.clock,
        )
        try:
            with writer:
                while await writer.advance():
                    pass
        except LogBroken as broken:
            self._world.defects.append(f"the log is broken: {broken!r}")

    def _judge(self, rest: list[InvoiceNumber]) -> list[str]:
        memory, disk, key = self._world.memory, self._world.disk, self._world.signer.verifier
        ordered, committed = memory.invoices.ordered, list(memory.invoices.kept.values())
        broken = [
            *check_ledger(memory, self._book),
            *check_wholly_reversed(memory, rest),
            *check_leaves(ordered, committed),
            *(fault for one in self._bookkeepers for fault in one.check(ordered)),
            *check_log(ordered, self._world.notes_seen, disk, key),
        ]
        if not broken and ordered:  # a receipt of a broken log says nothing new
            broken += check_receipts(ordered, disk, key, self._world.rng)
        return broken

    def _counts(self) -> dict[str, int]:
        """What there was in this storm, so that a storm in which nothing happened is noticed."""
        memory = self._world.memory
        deaths = sum(" dies " in line for line in self._world.journal.lines)
        states = Counter(f"form {form.state}" for form in memory.forms.forms.values())
        red_letters = sum(map(len, memory.originals.red_letters.values()))
        return {
            "invoices": len(memory.invoices.kept) - red_letters,
            "red letters": red_letters,
            "deaths": deaths,
            "checkpoints": len(self._world.notes_seen),
            **dict(sorted(states.items())),
        }


def _rest_of(number: InvoiceNumber, seller: str, name: str, form_id: str) -> Ask:
    key = IdempotencyKey(f"{name}-{number}")
    return Ask(
        f"{name} of {number}",
        seller,
        key,
        "red letter",
        lambda desk: desk.reversing.reverse(number, ALL, key=key, confirmation=form_id),
    )
