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
        self._orders = orders
        self._sellers = {seller for order in orders for seller in order.sellers}
        self._is_everyone_watched = "*" in self._sellers

    def is_watched(self, seller: str) -> bool:
        return self._is_everyone_watched or seller in self._sellers

    def of_invoice(self, invoice: Invoice) -> list[NewDelivery]:
        event = event_of(invoice)
        seller, buyer = invoice.draft.seller.taxpayer_id, invoice.draft.buyer.taxpayer_id
        wanted = [
            order
            for order in self._orders
            if order.wants(event, seller=seller, buyer=buyer, at=invoice.issued_at)
        ]
        if not wanted:
            return []
        body = _encode(
            News(type=event, timestamp=invoice.issued_at, data=describe_invoice(invoice))
        )
        return [
            _new(order, event, invoice.number, seller, invoice.issued_at, body) for order in wanted
        ]

    def of_form(self, form: Confirmation) -> list[NewDelivery]:
        event: Event = "confirmation.changed"
        at = form.changed_at
        news = News(type=event, timestamp=at, data=describe_form(form))
        return [
            _new(order, event, form.form_id, form.seller, at, _encode(news), state=form.state)
            for order in self._orders
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
    order: StandingOrder,
    event: Event,
    subject: str,
    seller: str,
    at: datetime,
    body: bytes,
    *,
    state: str = "",
) -> NewDelivery:
    is_mail = order.channel == "mail"
    if is_mail:
        body = _encode(
            Letter(send_to=order.send_to, renditions=order.renditions, language=order.language)
        )
    return NewDelivery(
        delivery_id=_id_of(order.order_id, event, subject, state),
        channel=order.channel,
        lane=MAIL_LANE if is_mail else order.order_id,
        order_id=order.order_id,
        tenant=order.tenant,
        seller=seller,
        event=event,
        subject=subject,
        happened_at=at,
        body=body,
        after_s=MAIL_AFTER_S if is_mail else 0.0,
    )


def compose_one_off(
    invoice: Invoice, letter: Letter, *, tenant: str, key: IdempotencyKey
) -> NewDelivery:
    """A mail that somebody asked for; the same key asks for the same mail."""
    return NewDelivery(
        delivery_id=_id_of(tenant, "once", invoice.number, key),
        channel="mail",
        lane=MAIL_LANE,
        order_id="",
        tenant=tenant,
        seller=invoice.draft.seller.taxpayer_id,
        event=event_of(invoice),
        subject=invoice.number,
        happened_at=invoice.issued_at,
        body=_encode(letter),
    )


def compose_test(order: StandingOrder, *, at: datetime, key: str) -> NewDelivery:
    """A webhook that says nothing but that it arrived."""
    body = _encode(News(type="webhook.test", timestamp=at, data={"webhook_id": order.order_id}))
    return NewDelivery(
        delivery_id=_id_of(order.order_id, "webhook.test", key, ""),
        channel="webhook",
        lane=order.order_id,
        order_id=order.order_id,
        tenant=order.tenant,
        seller=order.sellers[0],
        event="webhook.test",
        subject=order.order_id,
        happened_at=at,
        body=body,
    )


def _id_of(*parts: str) -> str:
    joined = "\0".join(parts)
    return "msg_" + hashlib.sha256(joined.encode()).hexdigest()[:_ID_CHARS]
