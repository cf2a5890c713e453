"""Reversing: red letters, alone and many at once, with and without the other side."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from kaipiao.errors import (
    ConfirmationNeeded,
    ConfirmationRefused,
    CreditLineExhausted,
    KeyReused,
    NoSuchConfirmation,
    NoSuchInvoice,
    RulesBroken,
)
from kaipiao.fiscal.confirmation import Confirmation
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice, Receipt, totals_of
from kaipiao.fiscal.number import parse_number
from kaipiao.fiscal.red_letter import LineAsk, ReversalAsk
from kaipiao.issuing.confirm import Confirming
from kaipiao.issuing.issue import Issuing
from kaipiao.issuing.reverse import Reversing
from kaipiao.issuing.verify import Question, Verifying
from kaipiao.ledger.store import Store
from kaipiao.regimes.cn.policy import confirm_within
from kaipiao.regimes.cn.rules import check, check_composed
from tests.clocks import NOON, StoppedClock
from tests.stores import NOVEMBER, OpenStore, grant
from tests.strategies import BUYER, SELLER, lawful_draft

WHOLE = ReversalAsk(reason="01")


class Desk:
    """One process's use cases."""

    def __init__(self, store: Store, clock: StoppedClock) -> None:
        self.store = store
        self.issuing = Issuing(ledger=store.ledger, clock=clock, law=check)
        self.reversing = Reversing(
            ledger=store.ledger,
            uses=store.uses,
            confirmations=store.confirmations,
            clock=clock,
            law=check_composed,
        )
        self.confirming = Confirming(
            reversing=self.reversing,
            uses=store.uses,
            confirmations=store.confirmations,
            clock=clock,
            answer_within=confirm_within,
        )
        self.verifying = Verifying(
            ledger=store.ledger, counter=store.verify_counter, clock=clock, daily_limit=5
        )

    async def sell(self, name: str = "sale-1") -> Invoice:
        receipt = await self.issuing.issue(lawful_draft(), key=IdempotencyKey(name))
        invoice = await self.store.ledger.read(receipt.number)
        assert invoice is not None
        return invoice

    async def reverse(
        self, invoice: Invoice, ask: ReversalAsk = WHOLE, *, key: str = "red-1", form: str = ""
    ) -> Receipt:
        return await self.reversing.reverse(
            invoice.number, ask, key=IdempotencyKey(key), confirmation=form
        )

    async def left_fen(self) -> int:
        line = await self.store.credit.line(SELLER.taxpayer_id, month=NOVEMBER)
        assert line is not None
        return line.left_fen


@pytest_asyncio.fixture
async def desk(store: Store, clock: StoppedClock) -> Desk:
    await grant(store)
    return Desk(store, clock)


async def open_form(desk: Desk, invoice: Invoice, by: str, key: str = "form-1") -> Confirmation:
    assert by in ("seller", "buyer")
    side = "seller" if by == "seller" else "buyer"
    return await desk.confirming.open(
        invoice.number,
        WHOLE,
        by=side,  # type: ignore[arg-type]
        key=IdempotencyKey(key),
    )


async def test_an_unused_invoice_is_taken_back_at_once(desk: Desk) -> None:
    before = await desk.left_fen()
    invoice = await desk.sell()

    receipt = await desk.reverse(invoice)

    red = await desk.store.ledger.read(receipt.number)
    assert red is not None
    assert red.totals.gross_fen == -invoice.totals.gross_fen
    assert red.draft.reversal is not None
    assert red.draft.reversal.original == invoice.number
    assert invoice.number in red.draft.remark
    assert await desk.left_fen() == before
    assert await desk.verifying.standing(invoice) == "reversed-wholly"
    assert await desk.store.ledger.red_letters(invoice.number) == [receipt.number]


async def test_a_red_letter_is_itself_lawful(desk: Desk) -> None:
    """Its lines read back through the law as a document of ours from outside would."""
    receipt = await desk.reverse(await desk.sell())
    red = await desk.store.ledger.read(receipt.number)
    assert red is not None

    found = check(red.draft, on=NOON.date(), source="outside")

    assert [v for v in found if v.severity == "error"] == []


async def test_a_repeat_gets_the_first_red_letter(desk: Desk) -> None:
    invoice = await desk.sell()
    first = await desk.reverse(invoice)

    again = await desk.reverse(invoice)

    assert (again.number, again.replayed) == (first.number, True)
    with pytest.raises(KeyReused):
        await desk.reverse(invoice, ReversalAsk(reason="02"))


class LateSight:
    """A ledger in which an earlier attempt, held up in its commit, shows itself a little late."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self._is_blind = True

    async def recall(self, *call: Any, **more: Any) -> Receipt | None:
        if self._is_blind:
            self._is_blind = False
            return None
        found: Receipt | None = await self._ledger.recall(*call, **more)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


async def test_a_repeat_that_meets_its_own_first_attempt_gets_its_receipt(
    desk: Desk, clock: StoppedClock
) -> None:
    """Not a refusal: the caller would believe that nothing was taken back."""
    invoice = await desk.sell()
    first = await desk.reverse(invoice)
    late = Reversing(
        ledger=LateSight(desk.store.ledger),
        uses=desk.store.uses,
        confirmations=desk.store.confirmations,
        clock=clock,
        law=check_composed,
    )

    again = await late.reverse(invoice.number, WHOLE, key=IdempotencyKey("red-1"))

    assert (again.number, again.replayed) == (first.number, True)


async def test_nothing_is_taken_back_twice(desk: Desk) -> None:
    invoice = await desk.sell()
    await desk.reverse(invoice)

    with pytest.raises(RulesBroken) as refusal:
        await desk.reverse(invoice, key="red-2")

    assert [v.code for v in refusal.value.violations] == ["already-reversed"]


async def test_many_parts_add_up_to_the_original(desk: Desk) -> None:
    invoice = await desk.sell()
    for n, net_fen in enumerate((3_333, 3_333, 3_333)):
        part = ReversalAsk(reason="04", lines=(LineAsk(line=0, net_fen=net_fen),))
        await desk.reverse(invoice, part, key=f"part-{n}")
    assert await desk.verifying.standing(invoice) == "reversed-in-part"

    await desk.reverse(invoice, key="rest")

    reds = await desk.store.ledger.red_letters(invoice.number)
    invoices = [await desk.store.ledger.read(number) for number in reds]
    back = totals_of(one.totals for one in invoices if one is not None)
    assert (back.net_fen, back.tax_fen) == (-invoice.totals.net_fen, -invoice.totals.tax_fen)


async def test_a_crowd_of_red_letters_never_passes_zero(
    open_store: OpenStore, clock: StoppedClock
) -> None:
    """Twelve clerks at two processes take a third of one line each: three get through."""
    desks = [Desk(await open_store(), clock), Desk(await open_store(), clock)]
    await grant(desks[0].store)
    invoice = await desks[0].sell()
    third = ReversalAsk(reason="02", lines=(LineAsk(line=0, net_fen=3_333),))

    outcomes = await asyncio.gather(
        *(desks[n % 2].reverse(invoice, third, key=f"red-{n}") for n in range(12)),
        return_exceptions=True,
    )

    assert Counter(type(outcome) for outcome in outcomes) == {Receipt: 3, RulesBroken: 9}
    taken = await desks[0].store.ledger.taken_back(invoice.number)
    assert taken[0].net_fen == 9_999


async def test_red_letters_and_sales_share_a_commit(desk: Desk) -> None:
    invoice = await desk.sell()

    outcomes = await asyncio.gather(
        *(desk.sell(f"sale-{n}") for n in range(2, 20)),
        desk.reverse(invoice),
        desk.reverse(invoice, key="red-2"),
        return_exceptions=True,
    )

    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {Invoice: 18, Receipt: 1, RulesBroken: 1}


async def test_a_red_letter_gives_back_even_when_nothing_is_left(desk: Desk) -> None:
    invoice = await desk.sell()
    drawn = invoice.totals.net_fen
    await grant(desk.store, drawn)
    with pytest.raises(CreditLineExhausted):
        await desk.sell("sale-2")

    await desk.reverse(invoice)

    assert await desk.left_fen() == drawn


async def test_last_months_invoice_gives_back_to_this_month(
    desk: Desk, clock: StoppedClock
) -> None:
    invoice = await desk.sell()
    clock.advance(timedelta(days=30))

    await desk.reverse(invoice)

    line = await desk.store.credit.line(SELLER.taxpayer_id, month=202612)
    assert line is not None
    assert line.drawn_fen == -invoice.totals.net_fen


async def test_a_used_invoice_needs_the_other_side(desk: Desk) -> None:
    invoice = await desk.sell()
    await desk.confirming.note_use(invoice.number, "deducted")

    with pytest.raises(ConfirmationNeeded):
        await desk.reverse(invoice)

    form = await open_form(desk, invoice, "seller")
    assert form.state == "02"
    with pytest.raises(ConfirmationRefused):
        await desk.reverse(invoice, form=form.form_id)
    await desk.confirming.act(form.form_id, "confirm", side="buyer")
    receipt = await desk.reverse(invoice, form=form.form_id)

    spent = await desk.confirming.read(form.form_id)
    assert (spent.state, spent.red_letter) == ("04", receipt.number)
    red = await desk.store.ledger.read(receipt.number)
    assert red is not None
    assert form.form_id in red.draft.remark


async def test_a_buyer_may_start_too(desk: Desk) -> None:
    invoice = await desk.sell()
    form = await open_form(desk, invoice, "buyer")
    assert (form.state, form.buyer) == ("03", BUYER.taxpayer_id)

    await desk.confirming.act(form.form_id, "confirm", side="seller")
    await desk.reverse(invoice, form=form.form_id)

    assert await desk.verifying.standing(invoice) == "reversed-wholly"


async def test_a_use_recorded_in_the_last_moment_is_seen_by_the_commit(desk: Desk) -> None:
    """The form said 'no confirmation needed' before the buyer deducted."""
    invoice = await desk.sell()
    form = await open_form(desk, invoice, "seller")
    assert form.state == "01"
    await desk.confirming.note_use(invoice.number, "booked")

    with pytest.raises(ConfirmationNeeded):
        await desk.reverse(invoice, form=form.form_id)


async def test_one_form_is_spent_once(desk: Desk) -> None:
    invoice = await desk.sell()
    form = await open_form(desk, invoice, "seller")
    await desk.reverse(invoice, form=form.form_id)

    with pytest.raises(ConfirmationRefused):
        await desk.reverse(invoice, form=form.form_id, key="red-2")


@pytest.mark.parametrize(
    ("by", "side", "action", "state"),
    [
        ("seller", "buyer", "deny", "05"),
        ("buyer", "seller", "deny", "06"),
        ("buyer", "buyer", "withdraw", "08"),
        ("seller", None, "flag", "10"),
    ],
)
async def test_the_ways_out(desk: Desk, by: str, side: str, action: str, state: str) -> None:
    invoice = await desk.sell()
    await desk.confirming.note_use(invoice.number, "deducted")
    form = await open_form(desk, invoice, by)

    after = await desk.confirming.act(form.form_id, action, side=side)  # type: ignore[arg-type]

    assert after.state == state
    again = await desk.confirming.act(form.form_id, action, side=side)  # type: ignore[arg-type]
    assert again == after
    with pytest.raises(ConfirmationRefused):
        await desk.reverse(invoice, form=form.form_id)


async def test_a_confirmed_form_can_be_withdrawn_until_it_is_spent(desk: Desk) -> None:
    invoice = await desk.sell()
    await desk.confirming.note_use(invoice.number, "deducted")
    form = await open_form(desk, invoice, "seller")
    await desk.confirming.act(form.form_id, "confirm", side="buyer")

    after = await desk.confirming.act(form.form_id, "withdraw", side="seller")

    assert after.state == "09"


async def test_72_hours_and_the_form_has_lapsed(desk: Desk, clock: StoppedClock) -> None:
    invoice = await desk.sell()
    await desk.confirming.note_use(invoice.number, "deducted")
    form = await open_form(desk, invoice, "seller")
    clock.advance(timedelta(hours=72))

    assert (await desk.confirming.read(form.form_id)).state == "07"
    with pytest.raises(ConfirmationRefused):
        await desk.confirming.act(form.form_id, "confirm", side="buyer")
    assert await desk.confirming.lapse() == 1
    assert await desk.confirming.lapse() == 0
    stored = await desk.store.confirmations.read(form.form_id)
    assert stored is not None
    assert stored.state == "07"


async def test_of_two_who_act_at_once_one_wins(desk: Desk) -> None:
    invoice = await desk.sell()
    await desk.confirming.note_use(invoice.number, "deducted")
    form = await open_form(desk, invoice, "seller")

    outcomes = await asyncio.gather(
        desk.confirming.act(form.form_id, "confirm", side="buyer"),
        desk.confirming.act(form.form_id, "deny", side="buyer"),
        desk.confirming.act(form.form_id, "withdraw", side="seller"),
        return_exceptions=True,
    )

    done = [one.state for one in outcomes if isinstance(one, Confirmation)]
    final = (await desk.confirming.read(form.form_id)).state
    assert final in done
    assert all(isinstance(one, (Confirmation, ConfirmationRefused)) for one in outcomes)


async def test_the_same_key_opens_one_form(desk: Desk) -> None:
    invoice = await desk.sell()
    first = await open_form(desk, invoice, "seller")

    assert await open_form(desk, invoice, "seller") == first
    other = await desk.sell("sale-2")
    with pytest.raises(KeyReused):
        await open_form(desk, other, "seller")


async def test_forms_are_listed_for_both_sides(desk: Desk) -> None:
    invoice = await desk.sell()
    forms = [await open_form(desk, invoice, by, key=f"form-{by}") for by in ("seller", "buyer")]
    wanted = sorted(form.form_id for form in forms)

    for taxpayer in (SELLER.taxpayer_id, BUYER.taxpayer_id):
        listed = await desk.confirming.of_taxpayer(taxpayer)
        assert [form.form_id for form in listed] == wanted
    assert await desk.confirming.of_taxpayer("nobody") == []


async def test_what_is_not_there_is_said_so(desk: Desk) -> None:
    ghost = parse_number("26311999999999999999")
    with pytest.raises(NoSuchInvoice):
        await desk.reversing.reverse(ghost, WHOLE, key=IdempotencyKey("red-1"))
    with pytest.raises(NoSuchConfirmation):
        await desk.confirming.read("1" * 20)
    invoice = await desk.sell()
    with pytest.raises(NoSuchConfirmation):
        await desk.reverse(invoice, form="1" * 20)


async def test_verification_tells_what_stands(desk: Desk) -> None:
    invoice = await desk.sell()
    truth = Question(
        number=invoice.number,
        issued_on=NOON.date(),
        gross_fen=invoice.totals.gross_fen,
        kind="ordinary",
    )
    wrong = Question(number=invoice.number, issued_on=NOON.date(), gross_fen=1, kind="ordinary")

    assert (await desk.verifying.verify(truth)).standing == "issued"
    assert (await desk.verifying.verify(wrong)).answer == "does-not-match"
    await desk.reverse(invoice)
    finding = await desk.verifying.verify(truth)
    assert (finding.answer, finding.standing, finding.checks_today) == (
        "valid",
        "reversed-wholly",
        3,
    )


async def test_a_red_letter_must_be_lawful_itself(desk: Desk) -> None:
    """Its remark names the original, and with the clerk's own words it may become too long."""
    invoice = await desk.sell()

    with pytest.raises(RulesBroken) as refusal:
        await desk.reverse(invoice, ReversalAsk(reason="01", remark="长" * 382))

    assert [v.path for v in refusal.value.violations] == ["/remark"]
    assert await desk.verifying.standing(invoice) == "issued"
