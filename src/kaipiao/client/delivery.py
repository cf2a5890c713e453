"""What is sent where: webhooks, mail, download links, and what became of each delivery."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from kaipiao.client.wire import Wire, decode

PAGE = 100
T = TypeVar("T")


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    delivery_id: str
    channel: str
    order_id: str | None
    seller: str
    event: str
    subject: str
    happened_at: datetime
    queued_at: datetime
    state: str
    tries: int
    replays: int
    next_try_at: datetime | None
    settled_at: datetime | None
    said: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    replay: int
    number: int
    ended_at: datetime
    outcome: str
    status: int
    said: str
    took_ms: int
    worker: str


class DeliveryDetail(msgspec.Struct, frozen=True, kw_only=True):
    delivery: Delivery
    attempts: tuple[Attempt, ...]


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    deliveries: tuple[Delivery, ...]
    before: int | None = None


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
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
    """``secret`` is told this once."""

    webhook: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"NewWebhook(webhook={self.webhook!r}, secret=***)"


class Webhooks(msgspec.Struct, frozen=True):
    webhooks: tuple[Webhook, ...]


class MailRule(msgspec.Struct, frozen=True, kw_only=True):
    rule_id: str
    name: str
    send_to: tuple[str, ...]
    sellers: tuple[str, ...]
    buyer: str
    events: tuple[str, ...]
    renditions: tuple[str, ...]
    language: str
    created_at: datetime


class MailRules(msgspec.Struct, frozen=True):
    mail_rules: tuple[MailRule, ...]


class Link(msgspec.Struct, frozen=True, kw_only=True):
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
    """``url`` is told this once."""

    link: Link
    url: str


class Links(msgspec.Struct, frozen=True):
    links: tuple[Link, ...]


class Replayed(msgspec.Struct, frozen=True):
    replayed: int


class Deliveries:
    """``Client.deliveries``.  Every method may raise ``Problem`` or ``Unreachable``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def find(self, **filters: str | None) -> Iterator[Delivery]:
        """Newest first; filters: ``number``, ``seller``, ``order``, ``in_state``."""
        before: int | None = 0
        while before is not None:
            page = self._wire.get(
                "/v1/deliveries", DeliveryList, before=str(before), limit=str(PAGE), **filters
            )
            yield from page.deliveries
            before = page.before

    def read(self, delivery_id: str) -> DeliveryDetail:
        return self._wire.get(f"/v1/deliveries/{delivery_id}", DeliveryDetail)

    def replay(self, delivery_id: str) -> Delivery:
        """Send it again, unless it is on its way."""
        return self._act(f"/v1/deliveries/{delivery_id}/replay", Delivery)

    def mail(
        self,
        number: str,
        send_to: Sequence[str],
        *,
        renditions: Sequence[str],
        language: str,
        key: str,
    ) -> tuple[Delivery, ...]:
        """One invoice by mail, once; the same key never mails it twice."""
        asked = {"send_to": send_to, "renditions": renditions, "language": language}
        path = f"/v1/invoices/{number}/deliveries"
        return self._wire.send(path, DeliveryList, asked, key=key).deliveries

    def webhooks(self) -> tuple[Webhook, ...]:
        return self._wire.get("/v1/webhooks", Webhooks).webhooks

    def create_webhook(
        self, *, name: str, url: str, sellers: Sequence[str], buyer: str, events: Sequence[str]
    ) -> NewWebhook:
        """Asked once only: a second try might make a second one."""
        asked: dict[str, object] = {"name": name, "url": url, "sellers": sellers, "buyer": buyer}
        if events:
            asked["events"] = events
        body = msgspec.json.encode(asked)
        answer = self._wire.ask("POST", "/v1/webhooks", body=body, once=True)
        return decode(answer, NewWebhook)

    def rotate_webhook(self, webhook_id: str) -> NewWebhook:
        """Asked once only: each asking makes a new secret."""
        answer = self._wire.ask("POST", f"/v1/webhooks/{webhook_id}/rotate", once=True)
        return decode(answer, NewWebhook)

    def enable_webhook(self, webhook_id: str) -> Webhook:
        return self._act(f"/v1/webhooks/{webhook_id}/enable", Webhook)

    def test_webhook(self, webhook_id: str) -> Delivery:
        return self._act(f"/v1/webhooks/{webhook_id}/test", Delivery)

    def end_webhook(self, webhook_id: str) -> None:
        self._wire.ask("DELETE", f"/v1/webhooks/{webhook_id}")

    def replay_range(
        self, order_id: str, *, since: datetime, until: datetime, dead_only: bool
    ) -> int:
        """Of a webhook (``wh_…``) or a mail rule (``mr_…``); how many go out again."""
        kind = "webhooks" if order_id.startswith("wh_") else "mail-rules"
        asked = {"since": since, "until": until, "dead_only": dead_only}
        return self._wire.send(f"/v1/{kind}/{order_id}/replay", Replayed, asked).replayed

    def mail_rules(self) -> tuple[MailRule, ...]:
        return self._wire.get("/v1/mail-rules", MailRules).mail_rules

    def create_mail_rule(self, **asked: object) -> MailRule:
        """``name``, ``send_to``, ``sellers``, ``buyer``, ``renditions``, ``language``."""
        answer = self._wire.ask(
            "POST", "/v1/mail-rules", body=msgspec.json.encode(asked), once=True
        )
        return decode(answer, MailRule)

    def end_mail_rule(self, rule_id: str) -> None:
        self._wire.ask("DELETE", f"/v1/mail-rules/{rule_id}")

    def create_link(
        self, number: str, *, rendition: str, expires_in_s: int, max_uses: int
    ) -> NewLink:
        asked = {"rendition": rendition, "expires_in_s": expires_in_s, "max_uses": max_uses}
        body = msgspec.json.encode(asked)
        answer = self._wire.ask("POST", f"/v1/invoices/{number}/links", body=body, once=True)
        return decode(answer, NewLink)

    def links(self, number: str) -> tuple[Link, ...]:
        return self._wire.get(f"/v1/invoices/{number}/links", Links).links

    def revoke_link(self, link_id: str) -> None:
        self._wire.ask("DELETE", f"/v1/links/{link_id}")

    def month(self, seller: str, month: str, *, kind: str, after: int = 0) -> Iterator[bytes]:
        """A ZIP of a seller's documents of one month (``2026-11``), in pieces."""
        asked = {"seller": seller, "month": month, "kind": kind, "after": str(after)}
        return self._wire.stream("/v1/renditions.zip", asked)

    def _act(self, path: str, kind: type[T]) -> T:
        return decode(self._wire.ask("POST", path), kind)
