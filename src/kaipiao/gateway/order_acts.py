"""Standing orders in the audit log: what goes where, and what is sent again."""

from contextlib import AbstractAsyncContextManager

from kaipiao.fiscal.audit import blotted
from kaipiao.fiscal.delivery import StandingOrder
from kaipiao.gateway.acts import Act, Acts
from kaipiao.gateway.calls import AnyRequest
from kaipiao.gateway.delivery_asks import ReplayAsk


def facts_of(order: StandingOrder) -> dict[str, object]:
    """What the audit log says of a new one: whose invoices go where."""
    return {
        "name": order.name,
        "sellers": order.sellers,
        "buyer": order.buyer,
        "events": order.events,
        "send_to": tuple(map(blotted, order.send_to)),
    }


def replaying(
    acts: Acts, request: AnyRequest, order: StandingOrder, ask: ReplayAsk
) -> AbstractAsyncContextManager[Act]:
    """An order's past is sent again inside."""
    action = "webhook.replay" if order.channel == "webhook" else "mail_rule.replay"
    span = {"since": ask.since.isoformat(), "until": ask.until.isoformat()}
    return acts.doing(
        request, action, order.order_id, rule="deliver", dead_only=ask.dead_only, **span
    )
