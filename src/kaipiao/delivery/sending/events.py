"""Who is told of what: from something that happened to the deliveries that follow from it.

Pure.  A delivery's id is made from its order and from what happened, so whoever works it out
again, in another process or after a crash, makes the same one.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec

from kaipiao.fiscal.confirmation import STATE_NAMES, Confirmation
from kaipiao.fiscal.delivery import MAIL_LANE, Event, Letter, NewDelivery, StandingOrder
from kaipiao.fiscal.invoice import IdempotencyKey, Invoice

MAIL_AFTER_S = 3.0
"""A mail waits a moment, so that its renditions carry the proof of their invoice."""

_ID_CHARS = 32
_encode = msgspec.json.Encoder().encode


class News(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook, as Standard Webhooks recommends it."""

    type: str
    timestamp: datetime
    data: dict[str, object]


class OrderBook:
    """The orders of one moment, ready to be asked about a crowd of invoices.  A Matcher."""

    def __init__(self, orders: Sequence[StandingOrder]) -> None:
        self._everyones = [order for order in orders if "*" in order.sellers]
        self._by_seller: dict[str, list[StandingOrder]] = {}
        for order in orders:
            for seller in set(order.sellers) if "*" not in order.sellers else ():
                self._by_seller.setdefault(seller, []).append(order)

    def is_watched(self, seller: str) -> bool:
        return bool(self._everyones) or seller in self._by_seller

    def _about(self, seller: str) -> list[StandingOrder]:
        return [*self._everyones, *self._by_seller.get(seller, ())]

    def of_invoice(self, invoice: Invoice) -> list[NewDelivery]:
        event = event_of(invoice)
        seller, buyer = invoice.draft.seller.taxpayer_id, invoice.draft.buyer.taxpayer_id
        wanted = [
            order
            for order in self._about(seller)
            if order.wants(event, seller=seller, buyer=buyer, at=invoice.issued_at)
        ]
        if not wanted:
            return []
        body = _encode(
            News(type=event, timestamp=invoice.issued_at, data=describe_invoice(invoice))
        )
        return [
            delivery
            for order in wanted
            for delivery in _new(order, event, invoice.number, seller, invoice.issued_at, body)
        ]

    def of_form(self, form: Confirmation) -> list[NewDelivery]:
        event: Event = "confirmation.changed"
        at = form.changed_at
        news = News(type=event, timestamp=at, data=describe_form(form))
        body = _encode(news)
        return [
            _new_webhook(order, event, form.form_id, form.seller, at, body, state=form.state)
            for order in self._about(form.seller)
            if order.channel == "webhook"
            and order.wants(event, seller=form.seller, buyer=form.buyer, at=at)
        ]


def event_of(invoice: Invoice) -> Event:
    return "invoice.issued" if invoice.draft.reversal is None else "invoice.reversed"


def describe_invoice(invoice: Invoice) -> dict[str, object]:
    """Enough to know what it is; all of it is at ``GET /v1/invoices/{number}``."""
    draft, totals = invoice.draft, invoice.totals
    told: dict[str, object] = {
        "number": invoice.number,
        "issued_at": invoice.issued_at,
        "kind": draft.kind,
        "key": invoice.key,
        "digest": invoice.digest.hex(),
        "seller": {"name": draft.seller.name, "taxpayer_id": draft.seller.taxpayer_id},
        "buyer": {"name": draft.buyer.name, "taxpayer_id": draft.buyer.taxpayer_id},
        "totals": {
            "net_fen": totals.net_fen,
            "tax_fen": totals.tax_fen,
            "gross_fen": totals.gross_fen,
        },
    }
    if draft.reversal is not None:
        told["original"] = draft.reversal.original
    return told


def describe_form(form: Confirmation) -> dict[str, object]:
    zh, en = STATE_NAMES[form.state]
    return {
        "form_id": form.form_id,
        "original": form.original,
        "seller": form.seller,
        "buyer": form.buyer,
        "started_by": form.started_by,
        "state": form.state,
        "state_zh": zh,
        "state_en": en,
        "changed_at": form.changed_at,
        "lapses_at": form.lapses_at,
    }


def _new(
    order: StandingOrder, event: Event, number: str, seller: str, at: datetime, body: bytes
) -> list[NewDelivery]:
    """One webhook, or a mail for each reader."""
    if order.channel == "webhook":
        return [_new_webhook(order, event, number, seller, at, body)]
    return [
        NewDelivery(
            delivery_id=_id_of(order.order_id, event, number, reader),
            channel="mail",
            lane=MAIL_LANE,
            order_id=order.order_id,
            tenant=order.tenant,
            seller=seller,
            event=event,
            subject=number,
            happened_at=at,
            body=_encode(Letter((reader,), order.renditions, order.language)),
            after_s=MAIL_AFTER_S,
        )
        for reader in order.send_to
    ]


def _new_webhook(
    order: StandingOrder,
    event: str,
    subject: str,
    seller: str,
    at: datetime,
    body: bytes,
    *,
    state: str = "",
) -> NewDelivery:
    return NewDelivery(
        delivery_id=_id_of(order.order_id, event, subject, state),
        channel="webhook",
        lane=order.order_id,
        order_id=order.order_id,
        tenant=order.tenant,
        seller=seller,
        event=event,
        subject=subject,
        happened_at=at,
        body=body,
    )


def compose_mails(
    invoice: Invoice, letter: Letter, *, tenant: str, key: IdempotencyKey
) -> list[NewDelivery]:
    """Mails that somebody asked for once, one for each reader; the same key, the same mails."""
    return [
        NewDelivery(
            delivery_id=_id_of(tenant, "once", invoice.number, key, reader),
            channel="mail",
            lane=MAIL_LANE,
            order_id="",
            tenant=tenant,
            seller=invoice.draft.seller.taxpayer_id,
            event=event_of(invoice),
            subject=invoice.number,
            happened_at=invoice.issued_at,
            body=_encode(Letter((reader,), letter.renditions, letter.language)),
        )
        for reader in letter.send_to
    ]


def compose_test(order: StandingOrder, *, at: datetime, key: str) -> NewDelivery:
    """A webhook that says nothing but that it arrived."""
    body = _encode(News(type="webhook.test", timestamp=at, data={"webhook_id": order.order_id}))
    return _new_webhook(
        order, "webhook.test", order.order_id, order.sellers[0], at, body, state=key
    )


def _id_of(*parts: str) -> str:
    joined = "\0".join(parts)
    return "msg_" + hashlib.sha256(joined.encode()).hexdigest()[:_ID_CHARS]
