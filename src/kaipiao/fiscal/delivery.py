"""Deliveries (递送): what is sent of an invoice, to whom, and every way it can end.

waiting ──► sending ─┬─ received ────────────────────────► delivered
   ▲                 ├─ refused for good, or too often ──► dead
   ├─ later ─────────┘
   └─ a person asks again ── from any of the ends; an ended order makes it cancelled
"""

from datetime import datetime
from typing import Literal

import msgspec

Channel = Literal["webhook", "mail"]
InvoiceEvent = Literal["invoice.issued", "invoice.reversed"]
Event = Literal["invoice.issued", "invoice.reversed", "confirmation.changed"]
"""An original is ``issued``; a red letter is told of as ``reversed``, with its original."""

RenditionKind = Literal["pdf", "ofd", "xml", "png", "xbrl"]
Language = Literal["zh", "en"]
DeliveryState = Literal["waiting", "sending", "delivered", "dead", "cancelled"]
AttemptOutcome = Literal["delivered", "again", "never", "lost"]
"""``lost``: the worker died, and whether it was sent is unknown."""

MAIL_LANE = "mail"


class StandingOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent whenever it happens (订阅): to one URL, or to some mail addresses.

    ``sellers`` holds ``*`` for everyone's; a ``buyer`` narrows it to what that buyer receives.
    """

    order_id: str
    channel: Channel
    tenant: str
    name: str
    sellers: tuple[str, ...]
    events: tuple[str, ...]
    send_to: tuple[str, ...]
    created_at: datetime
    buyer: str = ""
    renditions: tuple[str, ...] = ()
    language: Language = "zh"
    generation: int = 1
    rotated_at: datetime | None = None
    disabled_at: datetime | None = None
    disabled_why: str = ""
    ended_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.ended_at is None and self.disabled_at is None

    def wants(self, event: str, *, seller: str, buyer: str, at: datetime) -> bool:
        return (
            event in self.events
            and at >= self.created_at
            and ("*" in self.sellers or seller in self.sellers)
            and self.buyer in ("", buyer)
        )


class Letter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A mail: to whom, with which renditions, in which language."""

    send_to: tuple[str, ...]
    renditions: tuple[str, ...]
    language: Language = "zh"


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Something to send.  Its id says what goes where, so that it is never made twice."""

    delivery_id: str
    channel: Channel
    lane: str
    order_id: str
    tenant: str
    seller: str
    event: str
    subject: str
    happened_at: datetime
    body: bytes
    after_s: float = 0.0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery as it stands."""

    delivery_id: str
    place: int
    channel: Channel
    order_id: str
    tenant: str
    seller: str
    event: str
    subject: str
    happened_at: datetime
    queued_at: datetime
    state: DeliveryState
    round: int
    tries: int
    due_at: datetime
    settled_at: datetime | None
    said: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try, as it ended."""

    round: int
    number: int
    ended_at: datetime
    worker: str
    outcome: AttemptOutcome
    status: int  # HTTP's or SMTP's; 0: there was no answer
    said: str
    took_ms: int


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in the hands of one worker, for as long as its lease runs."""

    delivery_id: str
    channel: Channel
    lane: str
    event: str
    subject: str
    body: bytes
    round: int
    tries: int  # this one included
    is_lane_failing: bool
    order: StandingOrder | None  # None: asked for once


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How a try ended, and whose fault it was."""

    outcome: AttemptOutcome
    status: int = 0
    said: str = ""
    took_ms: int = 0
    retry_after_s: float = 0.0  # what the other side asked for
    is_lane_at_fault: bool = False  # not this message but whoever should take it
    is_gone: bool = False  # HTTP 410: never come back


class DownloadLink(msgspec.Struct, frozen=True, kw_only=True):
    """A rendition that whoever holds the link may fetch, for a while."""

    link_id: str
    number: str
    kind: str
    tenant: str
    seller: str
    created_at: datetime
    expires_at: datetime
    max_uses: int = 0  # 0: as often as one likes
    uses: int = 0
    used_at: datetime | None = None
    revoked_at: datetime | None = None
