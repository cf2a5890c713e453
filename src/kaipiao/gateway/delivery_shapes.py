"""Deliveries, webhooks, mail rules and links as callers see them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from kaipiao.fiscal.delivery import (
    Attempt,
    AttemptOutcome,
    Channel,
    Delivery,
    DeliveryState,
    DownloadLink,
    Language,
    StandingOrder,
)


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it stands.  ``said`` is what the other side, or we, said last."""

    delivery_id: str
    channel: Channel
    order_id: str | None  # the webhook or mail rule; null: asked for once
    seller: str
    event: str
    subject: str  # the invoice's number, or the form's id
    happened_at: datetime
    queued_at: datetime
    state: DeliveryState
    tries: int
    replays: int
    next_try_at: datetime | None
    settled_at: datetime | None
    said: str


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One try.  ``lost``: its worker died, and whether it was sent is unknown."""

    replay: int
    number: int
    ended_at: datetime
    outcome: AttemptOutcome
    status: int  # HTTP's or SMTP's; 0: there was no answer
    said: str
    took_ms: int
    worker: str


class DeliveryDetail(msgspec.Struct, frozen=True, kw_only=True):
    delivery: DeliveryView
    attempts: tuple[AttemptView, ...]


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; go on with ``before``, which is null when this is all."""

    deliveries: tuple[DeliveryView, ...]
    before: int | None = None


class Replayed(msgspec.Struct, frozen=True):
    """How many deliveries go out again."""

    replayed: int


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    webhook_id: str
    name: str
    url: str
    sellers: tuple[str, ...]
    buyer: str
    events: tuple[str, ...]
    created_at: datetime
    rotated_at: datetime | None
    disabled_at: datetime | None
    disabled_why: str


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook with its secret (Standard Webhooks, `whsec_…`), which is shown this once."""

    webhook: WebhookView
    secret: str


class WebhookList(msgspec.Struct, frozen=True):
    webhooks: tuple[WebhookView, ...]


class MailRuleView(msgspec.Struct, frozen=True, kw_only=True):
    rule_id: str
    name: str
    send_to: tuple[str, ...]
    sellers: tuple[str, ...]
    buyer: str
    events: tuple[str, ...]
    renditions: tuple[str, ...]
    language: Language
    created_at: datetime


class MailRuleList(msgspec.Struct, frozen=True):
    mail_rules: tuple[MailRuleView, ...]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A download link; its address is shown once, when it is made."""

    link_id: str
    number: str
    rendition: str
    created_at: datetime
    expires_at: datetime
    max_uses: int
    uses: int
    used_at: datetime | None
    revoked_at: datetime | None


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    link: LinkView
    url: str


class LinkList(msgspec.Struct, frozen=True):
    links: tuple[LinkView, ...]


def view_delivery(one: Delivery) -> DeliveryView:
    return DeliveryView(
        delivery_id=one.delivery_id,
        channel=one.channel,
        order_id=one.order_id or None,
        seller=one.seller,
        event=one.event,
        subject=one.subject,
        happened_at=one.happened_at,
        queued_at=one.queued_at,
        state=one.state,
        tries=one.tries,
        replays=one.round,
        next_try_at=one.due_at if one.state == "waiting" else None,
        settled_at=one.settled_at,
        said=one.said,
    )


def view_attempt(one: Attempt) -> AttemptView:
    return AttemptView(
        replay=one.round,
        number=one.number,
        ended_at=one.ended_at,
        outcome=one.outcome,
        status=one.status,
        said=one.said,
        took_ms=one.took_ms,
        worker=one.worker,
    )


def view_webhook(order: StandingOrder) -> WebhookView:
    return WebhookView(
        webhook_id=order.order_id,
        name=order.name,
        url=order.send_to[0],
        sellers=order.sellers,
        buyer=order.buyer,
        events=order.events,
        created_at=order.created_at,
        rotated_at=order.rotated_at,
        disabled_at=order.disabled_at,
        disabled_why=order.disabled_why,
    )


def view_mail_rule(order: StandingOrder) -> MailRuleView:
    return MailRuleView(
        rule_id=order.order_id,
        name=order.name,
        send_to=order.send_to,
        sellers=order.sellers,
        buyer=order.buyer,
        events=order.events,
        renditions=order.renditions,
        language=order.language,
        created_at=order.created_at,
    )


def view_link(link: DownloadLink) -> LinkView:
    return LinkView(
        link_id=link.link_id,
        number=link.number,
        rendition=link.kind,
        created_at=link.created_at,
        expires_at=link.expires_at,
        max_uses=link.max_uses,
        uses=link.uses,
        used_at=link.used_at,
        revoked_at=link.revoked_at,
    )


def view_deliveries(found: Sequence[Delivery], *, before: int | None = None) -> DeliveryList:
    return DeliveryList(deliveries=tuple(view_delivery(one) for one in found), before=before)
