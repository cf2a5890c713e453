"""``/v1/webhooks``: endpoints that are told what happened (Standard Webhooks)."""

import secrets

from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from kaipiao.delivery.sending.events import compose_test
from kaipiao.delivery.sending.secret import webhook_secret
from kaipiao.delivery.sending.targets import TargetRefused, check_url
from kaipiao.fiscal.delivery import StandingOrder
from kaipiao.gateway import parameters
from kaipiao.gateway.acts import Acts
from kaipiao.gateway.calls import AnyRequest, caller_of
from kaipiao.gateway.delivery_asks import ReplayAsk, WebhookAsk
from kaipiao.gateway.delivery_shapes import (
    DeliveryView,
    NewWebhook,
    Replayed,
    WebhookList,
    WebhookView,
    view_delivery,
    view_webhook,
)
from kaipiao.gateway.order_acts import facts_of, replaying
from kaipiao.gateway.orders import (
    Outward,
    add_order,
    check_scope,
    compose_order_id,
    managed_order,
    needed,
    tenant_of,
)
from kaipiao.gateway.refusals import NoSuchStandingOrder, WebhookUrlRefused
from kaipiao.gateway.wiring import Services


class WebhookCalls:
    def __init__(self, services: Services) -> None:
        self._acts = Acts(services)
        self._outward = services.outward
        self._clock = services.clock

    def handlers(self) -> list[HTTPRouteHandler]:
        one = "/v1/webhooks/{webhook_id:str}"
        return [
            post("/v1/webhooks", operation_id="create_webhook")(self.create),
            get("/v1/webhooks", operation_id="list_webhooks")(self.list_webhooks),
            get(one, operation_id="read_webhook")(self.read),
            delete(one, operation_id="delete_webhook")(self.end),
            post(f"{one}/rotate", operation_id="rotate_webhook", status_code=200)(self.rotate),
            post(f"{one}/enable", operation_id="enable_webhook", status_code=200)(self.enable),
            post(f"{one}/test", operation_id="test_webhook")(self.test),
            post(f"{one}/replay", operation_id="replay_webhook", status_code=200)(self.replay),
        ]

    async def create(self, request: AnyRequest, data: JSONBody[WebhookAsk]) -> NewWebhook:
        """Tell this URL of what happens from now on.

        The answer holds the secret that signs every webhook; it is shown this once.
        """
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        check_scope(caller, data.sellers, data.buyer)
        _check(data.url, outward)
        order = StandingOrder(
            order_id=compose_order_id("wh"),
            channel="webhook",
            tenant=caller.tenant,
            name=data.name,
            sellers=data.sellers,
            buyer=data.buyer,
            events=data.events,
            send_to=(data.url,),
            created_at=self._clock.now(),
        )
        async with self._acts.doing(
            request, "webhook.create", order.order_id, rule="deliver", **facts_of(order)
        ):
            await add_order(outward, order)
        return _with_secret(order, outward)

    async def list_webhooks(self, request: AnyRequest) -> WebhookList:
        """All webhooks of the caller's tenant; of every tenant for a key that acts for all."""
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        orders = await outward.orders.of_tenant(tenant_of(caller), channel="webhook")
        return WebhookList(tuple(view_webhook(order) for order in orders))

    async def read(self, request: AnyRequest, webhook_id: parameters.OrderPath) -> WebhookView:
        """One webhook, and whether it is disabled and why."""
        return view_webhook((await self._managed(request, webhook_id))[1])

    async def end(self, request: AnyRequest, webhook_id: parameters.OrderPath) -> None:
        """Send nothing more to it; what waits is cancelled."""
        outward, order = await self._managed(request, webhook_id)
        async with self._acts.doing(request, "webhook.end", order.order_id, rule="deliver"):
            await outward.orders.end(order.order_id, at=self._clock.now())

    async def rotate(self, request: AnyRequest, webhook_id: parameters.OrderPath) -> NewWebhook:
        """A new secret.  For a day both sign, so that the receiver can change in peace."""
        outward, order = await self._managed(request, webhook_id)
        async with self._acts.doing(request, "webhook.rotate", order.order_id, rule="deliver"):
            rotated = await outward.orders.rotate(order.order_id, at=self._clock.now())
            if rotated is None:
                raise NoSuchStandingOrder
        return _with_secret(rotated, outward)

    async def enable(self, request: AnyRequest, webhook_id: parameters.OrderPath) -> WebhookView:
        """Trust it again, after it said 410 or failed for days.  What is dead can be replayed."""
        outward, order = await self._managed(request, webhook_id)
        async with self._acts.doing(request, "webhook.enable", order.order_id, rule="deliver"):
            await outward.orders.enable(order.order_id)
        return view_webhook((await self._managed(request, webhook_id))[1])

    async def test(self, request: AnyRequest, webhook_id: parameters.OrderPath) -> DeliveryView:
        """Send it a `webhook.test`, on the same way as everything else."""
        outward, order = await self._managed(request, webhook_id)
        made = compose_test(order, at=self._clock.now(), key=secrets.token_hex(8))
        async with self._acts.doing(request, "webhook.test", order.order_id, rule="deliver"):
            await outward.deliveries.queue([made])
        queued = await outward.deliveries.read(made.delivery_id)
        assert queued is not None
        return view_delivery(queued)

    async def replay(
        self, request: AnyRequest, webhook_id: parameters.OrderPath, data: JSONBody[ReplayAsk]
    ) -> Replayed:
        """Send again what it was told of a time: what did not arrive, or all of it."""
        outward, order = await self._managed(request, webhook_id)
        async with replaying(self._acts, request, order, data) as act:
            count = await outward.deliveries.replay_range(
                order.order_id, since=data.since, until=data.until, dead_only=data.dead_only
            )
            act.note(replayed=count)
        return Replayed(count)

    async def _managed(self, request: AnyRequest, webhook_id: str) -> tuple[Outward, StandingOrder]:
        outward, caller = needed(self._outward), caller_of(request, "deliver")
        return outward, await managed_order(outward, caller, webhook_id, "webhook")


def _check(url: str, outward: Outward) -> None:
    try:
        check_url(url, outward.networks)
    except TargetRefused as why:
        raise WebhookUrlRefused(why=str(why)) from None


def _with_secret(order: StandingOrder, outward: Outward) -> NewWebhook:
    secret = webhook_secret(outward.key, order.order_id, order.generation)
    return NewWebhook(webhook=view_webhook(order), secret=secret)
