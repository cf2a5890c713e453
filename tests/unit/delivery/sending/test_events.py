"""Who is told of what, in which words, and under which name."""

import json
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kaipiao.base.canonical import Digest
from kaipiao.delivery.sending.events import OrderBook, compose_mails, compose_test
from kaipiao.fiscal.delivery import Letter
from kaipiao.fiscal.draft import Reversal
from kaipiao.fiscal.invoice import Amounts, IdempotencyKey, Invoice
from kaipiao.fiscal.money import Fen
from kaipiao.fiscal.number import InvoiceNumber
from tests.clocks import NOON
from tests.contract.test_deliveries import order
from tests.strategies import BUYER, SELLER, lawful_draft

BLUE = Invoice(
    number=InvoiceNumber("26311000000000000001"),
    issued_at=NOON,
    key=IdempotencyKey("sale"),
    digest=Digest(b"d" * 32),
    draft=lawful_draft(),
    lines=(Amounts(Fen(10_000), Fen(1_300)),),
)
RED = msgspec.structs.replace(
    BLUE,
    number=InvoiceNumber("26311000000000000002"),
    draft=lawful_draft(reversal=Reversal(original=BLUE.number, reason="01", lines=(0,))),
    lines=(Amounts(Fen(-10_000), Fen(-1_300)),),
)
sellers = st.sampled_from([SELLER.taxpayer_id, BUYER.taxpayer_id, "*", "91310000MA1FL00000"])
orders = st.builds(
    order,
    order_id=st.uuids().map(lambda one: f"wh_{one.hex[:16]}"),
    sellers=st.lists(sellers, min_size=1, max_size=3).map(tuple),
    buyer=st.sampled_from(["", BUYER.taxpayer_id, "91310000MA1FL00000"]),
    events=st.sets(st.sampled_from(["invoice.issued", "invoice.reversed"]), min_size=1).map(tuple),
    created_at=st.sampled_from([NOON - timedelta(1), NOON, NOON + timedelta(seconds=1)]),
)


@given(
    st.lists(orders, max_size=6, unique_by=lambda one: one.order_id), st.sampled_from([BLUE, RED])
)
def test_exactly_those_who_asked_are_told(book: list, invoice: Invoice) -> None:  # type: ignore[type-arg]
    """The plain definition, seller by seller and order by order."""
    event = "invoice.issued" if invoice is BLUE else "invoice.reversed"
    wanted = {
        one.order_id
        for one in book
        if (SELLER.taxpayer_id in one.sellers or "*" in one.sellers)
        and one.buyer in ("", BUYER.taxpayer_id)
        and event in one.events
        and one.created_at <= NOON
    }
    matcher = OrderBook(book)
    told = matcher.of_invoice(invoice)

    assert {one.order_id for one in told} == wanted
    assert len(told) == len(wanted)
    assert matcher.is_watched(SELLER.taxpayer_id) or not wanted


def test_a_red_letter_is_told_of_as_such_and_names_its_original() -> None:
    [news] = OrderBook([order()]).of_invoice(RED)
    body = json.loads(news.body)

    assert (news.event, body["type"]) == ("invoice.reversed", "invoice.reversed")
    assert body["data"]["original"] == BLUE.number
    assert body["data"]["totals"]["gross_fen"] == -11_300


def test_what_is_worked_out_twice_has_one_name_and_nothing_else_has_it() -> None:
    mail = order(order_id="mr_1", channel="mail", send_to=("a@x.example", "b@x.example"))
    other = order(order_id="wh_2")
    names = [
        one.delivery_id
        for invoice in (BLUE, RED)
        for one in OrderBook([order(), other, mail]).of_invoice(invoice)
    ]

    assert len(names) == len(set(names)) == 8
    again = OrderBook([order()]).of_invoice(BLUE)
    assert again == OrderBook([order(), other]).of_invoice(BLUE)[:1]
    tests = [compose_test(order(), at=NOON, key=key).delivery_id for key in ("1", "2")]
    letter = Letter(("a@x.example",), ("pdf",))
    once = [
        compose_mails(BLUE, letter, tenant=tenant, key=IdempotencyKey(key))[0].delivery_id
        for tenant, key in (("t", "1"), ("t", "2"), ("u", "1"))
    ]
    assert len({*names, *tests, *once}) == 13
