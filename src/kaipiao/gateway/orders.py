"""What webhooks and mail rules have in common: who may manage one, and how many there may be."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from kaipiao.delivery.renditions.make import ROWS
from kaipiao.delivery.sending.targets import Network
from kaipiao.errors import NoSuchRendition, NotAllowed, Outage
from kaipiao.fiscal.delivery import Channel, StandingOrder
from kaipiao.gateway.refusals import NoSuchStandingOrder, TooManyStandingOrders
from kaipiao.ports import ApiKey, Deliveries, DownloadLinks, StandingOrders

MAX_STANDING_ORDERS = 200
"""Webhooks, and mail rules, of one tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outward:
    """What the gateway needs for deliveries; ``key`` signs webhooks and links."""

    deliveries: Deliveries
    orders: StandingOrders
    links: DownloadLinks
    key: bytes
    networks: tuple[Network, ...] = ()
    has_relay: bool = False
    public_url: str = ""


def needed(outward: Outward | None) -> Outward:
    """Raises Outage where deliveries are no business of this process."""
    if outward is None:
        raise Outage("delivery")
    return outward


def compose_order_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(8)}"


def check_scope(caller: ApiKey, sellers: Sequence[str], buyer: str) -> None:
    """Raises NotAllowed unless the caller is a side of all that would be sent."""
    if buyer and caller.acts_for(buyer):
        return
    excess = sorted(one for one in sellers if not caller.acts_for(one))
    if excess:
        raise NotAllowed(what=f"deliver {', '.join(excess[:5])}")


def check_kinds(kinds: Sequence[str]) -> None:
    """Raises NoSuchRendition for a kind that this cell does not make."""
    for kind in kinds:
        if kind not in ROWS:
            raise NoSuchRendition(kind=kind, known=", ".join(ROWS))


def tenant_of(caller: ApiKey) -> str:
    """Whose orders the caller manages: its tenant's, or everyone's."""
    return "*" if "*" in caller.taxpayers else caller.tenant


def may_manage(caller: ApiKey, tenant: str) -> bool:
    return tenant_of(caller) in ("*", tenant)


async def add_order(outward: Outward, order: StandingOrder) -> None:
    """Raises TooManyStandingOrders."""
    there = await outward.orders.of_tenant(order.tenant, channel=order.channel)
    if len(there) >= MAX_STANDING_ORDERS:
        raise TooManyStandingOrders(limit=MAX_STANDING_ORDERS)
    await outward.orders.add(order)


async def managed_order(
    outward: Outward, caller: ApiKey, order_id: str, channel: Channel
) -> StandingOrder:
    """Raises NoSuchStandingOrder: there is none, it was ended, or it is another tenant's."""
    order = await outward.orders.read(order_id) if order_id.isascii() else None
    if order is None or order.channel != channel or order.ended_at is not None:
        raise NoSuchStandingOrder
    if not may_manage(caller, order.tenant):
        raise NoSuchStandingOrder from NotAllowed(what=f"deliver {order.order_id}")
    return order
