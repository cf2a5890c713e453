"""What callers send about deliveries: webhooks, mail, links, replays."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from kaipiao.fiscal.delivery import Event, InvoiceEvent, Language, RenditionKind
from kaipiao.gateway.asks import ShortText, TaxpayerScope

_END = r"$(?!\n)"
_ATOM = r"[0-9A-Za-z!#$%&'*+/=?^_{|}~-]+"
_LABEL = r"[0-9A-Za-z]([0-9A-Za-z-]{0,61}[0-9A-Za-z])?"

MAX_SELLERS = 1_000
MAX_READERS = 10
MAX_LINK_S = 366 * 86_400
LINK_S = 30 * 86_400

Url = Annotated[str, Meta(max_length=2_000, pattern=rf"^https?://[!-~]+{_END}")]
MailAddress = Annotated[
    str, Meta(max_length=200, pattern=rf"^{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*{_END}")
]
Sellers = Annotated[tuple[TaxpayerScope, ...], Meta(min_length=1, max_length=MAX_SELLERS)]
Buyer = Annotated[str, Meta(pattern=rf"^([0-9A-Z]{{15,20}})?{_END}")]
Readers = Annotated[tuple[MailAddress, ...], Meta(min_length=1, max_length=MAX_READERS)]
Kinds = Annotated[tuple[RenditionKind, ...], Meta(max_length=5)]
Instant = Annotated[datetime, Meta(tz=True)]


class _Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing unknown is taken."""


class WebhookAsk(_Ask, frozen=True):
    """An endpoint, and what it wants to hear of.

    `sellers` names whose invoices, `*` all; `buyer` narrows it to what that buyer receives.
    """

    name: ShortText
    url: Url
    sellers: Sellers
    buyer: Buyer = ""
    events: Annotated[tuple[Event, ...], Meta(min_length=1, max_length=3)] = (
        "invoice.issued",
        "invoice.reversed",
        "confirmation.changed",
    )


class MailRuleAsk(_Ask, frozen=True):
    """Mail that goes out whenever an invoice is issued: by seller, or by seller and buyer."""

    name: ShortText
    send_to: Readers
    sellers: Sellers
    buyer: Buyer = ""
    events: Annotated[tuple[InvoiceEvent, ...], Meta(min_length=1, max_length=2)] = (
        "invoice.issued",
        "invoice.reversed",
    )
    renditions: Kinds = ("pdf", "xml")
    language: Language = "zh"


class MailAsk(_Ask, frozen=True):
    """One invoice by mail, once."""

    send_to: Readers
    renditions: Kinds = ("pdf", "xml")
    language: Language = "zh"


class ReplayAsk(_Ask, frozen=True):
    """Send again what one webhook or mail rule sent of what happened in this time.

    `dead_only`: only what did not arrive.
    """

    since: Instant
    until: Instant
    dead_only: bool = True


class LinkAsk(_Ask, frozen=True):
    """A download link: for how long, and how often (0: as often as one likes)."""

    rendition: RenditionKind = "pdf"
    expires_in_s: Annotated[int, Meta(ge=60, le=MAX_LINK_S)] = LINK_S
    max_uses: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
